/** The list of what is shipped as a CycloneDX bill of materials, without times or random numbers: two builds give the same bytes. */
import { Enums, Models, Serialize, SPDX, Spec, Validation } from '@cyclonedx/cyclonedx-library';

/** @typedef {import('./packages.mjs').Notice} Notice */

/** @param {string} expression */
function licenceOf(expression) {
  return SPDX.isSupportedSpdxId(expression)
    ? new Models.SpdxLicense(expression)
    : new Models.LicenseExpression(expression);
}

/** @param {Notice} notice */
function componentOf({ name, version, licence, from, purl, sha256, sha512, contains = [] }) {
  const component = new Models.Component(Enums.ComponentType.Library, name, { version, purl, bomRef: purl });
  component.licenses.add(licenceOf(licence));
  component.externalReferences.add(new Models.ExternalReference(from, Enums.ExternalReferenceType.Website));
  if (sha256 !== undefined) component.hashes.set(Enums.HashAlgorithm['SHA-256'], sha256);
  if (sha512 !== undefined) component.hashes.set(Enums.HashAlgorithm['SHA-512'], sha512);
  for (const part of contains) {
    const inner = new Models.Component(Enums.ComponentType.Library, part.name, {
      version: part.version,
      bomRef: `${purl}#${part.name}`,
    });
    inner.licenses.add(licenceOf(part.licence));
    component.components.add(inner);
  }
  return component;
}

/**
 * @param {{ name: string, version: string }} program
 * @param {readonly Notice[]} notices
 * @returns {string} JSON of CycloneDX 1.6
 */
export function billOfMaterials({ name, version }, notices) {
  const bom = new Models.Bom();
  const own = new Models.Component(Enums.ComponentType.Application, name, { version, bomRef: `${name}@${version}` });
  own.licenses.add(licenceOf('Apache-2.0'));
  bom.metadata.component = own;
  for (const notice of notices) {
    const component = componentOf(notice);
    bom.components.add(component);
    own.dependencies.add(component.bomRef);
  }
  const normal = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  return `${new Serialize.JsonSerializer(normal).serialize(bom, { sortLists: true, space: 1 })}\n`;
}

/**
 * @param {string} text of a bill of materials
 * @returns {Promise<readonly string[]>} where it departs from the schema of CycloneDX 1.6, and how
 */
export async function faultsOf(text) {
  const faults = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text);
  return [faults ?? []].flat().map(({ instancePath, message }) => `${instancePath || '/'} ${message}`);
}
