// What is in the module, as SPDX 2.3: https://spdx.github.io/spdx-spec/v2.3/

/** A part of the module. */
export interface Component {
  name: string;
  version: string;
  license: string;
}

/** The document; `created` is RFC 3339, `sha256` the module's digest in hex. */
export function sbom(
  module: Component & { sha256: string },
  parts: Component[],
  created: string,
): string {
  const id = (name: string): string => `SPDXRef-${name.replace(/[^A-Za-z0-9.-]/g, '-')}`;
  const packageOf = ({ name, version, license }: Component): object => ({
    SPDXID: id(name),
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: license,
    licenseDeclared: license,
    copyrightText: 'NOASSERTION',
  });
  return `${JSON.stringify(
    {
      spdxVersion: 'SPDX-2.3',
      dataLicense: 'CC0-1.0',
      SPDXID: 'SPDXRef-DOCUMENT',
      name: `${module.name} ${module.version}`,
      documentNamespace: `https://spdx.org/spdxdocs/${module.name}-${module.version}-${module.sha256}`,
      creationInfo: { created, creators: [`Tool: ${module.name}-${module.version}`] },
      packages: [
        {
          ...packageOf(module),
          checksums: [{ algorithm: 'SHA256', checksumValue: module.sha256 }],
          primaryPackagePurpose: 'LIBRARY',
        },
        ...parts.map(packageOf),
      ],
      relationships: [
        {
          spdxElementId: 'SPDXRef-DOCUMENT',
          relationshipType: 'DESCRIBES',
          relatedSpdxElement: id(module.name),
        },
        ...parts.map(({ name }) => ({
          spdxElementId: id(module.name),
          relationshipType: 'CONTAINS',
          relatedSpdxElement: id(name),
        })),
      ],
    },
    null,
    2,
  )}\n`;
}
