import { Command, InvalidArgumentError } from 'commander';
import { messageOf } from '../envoy/errors.ts';
import { writeWhole } from '../envoy/whole-file.ts';
import { KeyError, keySet, publicJwk, readPrivateKey } from '../istio/token/keys.ts';
import { SAMPLE_ISSUER, mintToken } from '../istio/token/mint.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { readInput } from './read-input.ts';
import { SEPARATOR } from './token-mint-arguments.ts';

interface Options {
  iss: string;
  sub?: string;
  aud?: string;
  expire: number;
  claims?: string;
  listclaim: string[][];
  nestedclaim: string[][];
  jwks?: string;
}

const EXAMPLES = `Examples:
  openssl genrsa -out key.pem 2048
  portcullis token mint key.pem --jwks jwks.json
  portcullis token mint key.pem --expire 5
  portcullis token mint key.pem --iss https://idp.example --aud one,two --claims email:a@b.c
  portcullis token mint key.pem --listclaim groups admins readers
`;

/** `portcullis token mint`: the options of Istio's gen-jwt.py, with the same defaults. */
export function tokenMintCommand(): Command {
  return new Command('mint')
    .summary("mint a token as Istio's gen-jwt.py does")
    .description('Prints a token, signed by RS256 with an RSA private key.')
    .argument('<key.pem>', 'private key in PEM format; - reads standard input')
    .option('--iss <issuer>', 'iss claim; an empty one leaves it out', SAMPLE_ISSUER)
    .option('--sub <subject>', 'sub claim; default: the same as iss')
    .option('--aud <audiences>', 'aud claim; several are separated by commas')
    .option('--expire <seconds>', 'seconds until the token expires', seconds, 3600)
    .option('--claims <name:value,…>', 'further claims, with strings as values')
    .option('--listclaim <name value…>', 'a claim that is a list; may be repeated', group, [])
    .option(
      '--nestedclaim <name value…>',
      'a claim within "nested": a string, or several as a list',
      group,
      [],
    )
    .option('--jwks <file>', 'write the key set to this file')
    .addHelpText('before', EXAMPLES)
    .action(mint);
}

async function mint(keyFile: string, options: Options): Promise<void> {
  let key;
  try {
    key = readPrivateKey(await readInput(keyFile));
  } catch (error) {
    if (error instanceof KeyError)
      throw new Failure(ExitCode.Usage, `${keyFile}: ${error.message}`);
    throw error;
  }
  const token = mintToken(key, {
    iss: options.iss,
    sub: options.sub,
    aud: options.aud,
    expire: options.expire,
    claims: { ...parseClaims(options.claims), ...listClaims(options) },
  });
  if (options.jwks !== undefined) {
    await writeWhole(options.jwks, keySet(publicJwk(key))).catch((error: unknown) => {
      throw new Failure(ExitCode.Usage, `${options.jwks}: ${messageOf(error)}`);
    });
  }
  process.stdout.write(`${token}\n`);
}

function seconds(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number of seconds');
  return Number(text);
}

function group(text: string, before: string[][]): string[][] {
  const words = text.split(SEPARATOR).slice(1);
  if (words.length < 2) throw new InvalidArgumentError('expected a name and at least one value');
  return [...before, words];
}

function listClaims({ listclaim, nestedclaim }: Options): Record<string, unknown> {
  const lists = listclaim.map(([name = '', ...values]): [string, string[]] => [name, values]);
  return {
    ...Object.fromEntries(lists),
    ...(nestedclaim.length > 0 ? { nested: nestedClaims(nestedclaim) } : {}),
  };
}

/** Like gen-jwt.py: one value is a string, several are a list; and all of it once more, a level deeper. */
function nestedClaims(groups: string[][]): Record<string, unknown> {
  const claims = Object.fromEntries(
    groups.map(([name = '', ...values]) => [name, values.length === 1 ? values[0] : values]),
  );
  return { ...claims, 'nested-2': claims };
}

function parseClaims(text: string | undefined): Record<string, string> {
  if (text === undefined || text === '') return {};
  return Object.fromEntries(
    text.split(',').map((item) => {
      const colon = item.indexOf(':');
      if (colon <= 0) throw new Failure(ExitCode.Usage, `--claims ${item}: expected name:value`);
      return [item.slice(0, colon), item.slice(colon + 1)];
    }),
  );
}
