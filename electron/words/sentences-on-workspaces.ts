/** Chinese of why a workspace is not opened, by their English templates. */
export const sentencesOnWorkspaces: Readonly<Record<string, string>> = {
  'Reprise {1} has written to the workspace {2}, and this is Reprise {3}, which is older. Nothing was changed':
    'Reprise {1} 写入过工作区 {2}，而当前的 Reprise {3} 版本较旧，未作任何改动',
};
