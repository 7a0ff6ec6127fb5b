import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { SUPPORTED_VERSIONS } from '../envoy/binary.ts';
import { ISTIO_API } from '../istio/schema/crds.gen.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { MODULE_PATH } from './package-files.ts';
import { packageVersion } from './package-version.ts';

const EXAMPLES = `Examples:
  portcullis version
  portcullis version -o json
`;

/** `portcullis version`. */
export function versionCommand(): Command {
  return new Command('version')
    .summary('versions of the command, the module, and what they are made for')
    .description(
      'Prints the version of the command, the SHA-256 of the module, and what they are made for: the proxy-wasm ABI, the Envoy that they ' +
        'are tested with, and the version of Istio’s API whose schemas `lint` has.',
    )
    .addOption(
      new Option('-o, --output <format>', 'how it is written')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    )
    .addHelpText('before', EXAMPLES)
    .action(print);
}

async function print({ output }: { output: 'table' | 'json' | 'yaml' }): Promise<void> {
  const module = await readFile(MODULE_PATH).catch(() => {
    throw new Failure(ExitCode.Environment, `${MODULE_PATH} is missing: run \`make build\``);
  });
  const versions = {
    portcullis: packageVersion(),
    module: `sha256:${createHash('sha256').update(module).digest('hex')}`,
    proxyWasmAbi: '0.2.1',
    envoy: SUPPORTED_VERSIONS.join(', '),
    istioApi: ISTIO_API,
    node: process.version,
  };
  if (output === 'json') process.stdout.write(`${JSON.stringify(versions, null, 2)}\n`);
  else if (output === 'yaml') process.stdout.write(stringify(versions));
  else {
    for (const [name, value] of Object.entries(versions)) {
      process.stdout.write(`${name.padEnd(12)}  ${value}\n`);
    }
  }
}
