/** Chinese of why a check for updates failed, by their English templates. */
export const sentencesOnUpdates: Readonly<Record<string, string>> = {
  'This build names no address where newer versions are announced': '此构建没有发布新版本的地址',
  'The address {1} is not one of https, so it is not asked': '地址 {1} 不是 https 地址，因此没有访问',
  '{1} did not answer within {2} seconds': '{1} 在 {2} 秒内没有响应',
  '{1} cannot be reached ({2})': '无法连接 {1}（{2}）',
  '{1} leads to {2}, and this build reads no other address than its own': '{1} 跳转到 {2}，而此构建只读取自己的地址',
  '{1} answered with status {2}': '{1} 返回状态码 {2}',
  '{1} is larger than {2} KiB, so it does not describe a version': '{1} 超过 {2} KiB，不是版本说明',
  '{1} does not hold a signed description of a version': '{1} 不是带签名的版本说明',
  'The signature in {1} is not of the key that this build trusts. Nothing of it was used':
    '{1} 中的签名与此构建信任的密钥不符，其内容未被采用',
  '{1} names {2}, which is not on {3}. Nothing of it was used': '{1} 给出的 {2} 不在 {3} 上，其内容未被采用',
  '{1} describes version {2}, which is older than this one, {3}. It is an old copy':
    '{1} 说明的版本 {2} 早于当前版本 {3}，是旧的副本',
};
