import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { loadResources } from '../istio/load.ts';
import { verdictText } from './colour.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { list, nowOf } from './policy-inputs.ts';
import { PolicyJudge } from './policy-judge.ts';
import { readInput } from './read-input.ts';
import { readToken } from './token-input.ts';

interface Options {
  jwks: string;
  iss?: string;
  aud?: string[];
  now?: string;
  env?: string;
  output: 'table' | 'json' | 'yaml';
}

const EXAMPLES = `Examples:
  portcullis token verify token.txt --jwks jwks.json
  portcullis token mint key.pem --jwks jwks.json | portcullis token verify --jwks jwks.json
  portcullis token verify token.txt --jwks jwks.json --iss https://idp.example --aud api --now 1735689600
`;

/** `portcullis token verify`: the module's own verdict. */
export function tokenVerifyCommand(): Command {
  return new Command('verify')
    .summary('verifies a token with a key set')
    .description(
      'Asks the module itself whether it takes the token, as a RequestAuthentication with this key set would have it. ' +
        'Exits with 1 where it does not, and says why in the words that a client would see.',
    )
    .argument('[file]', 'file with the token; - or nothing is standard input')
    .requiredOption('--jwks <file>', 'the key set')
    .option('--iss <issuer>', "the issuer that is expected; the token's own unless told")
    .option('--aud <audience>', 'an audience that is accepted; may be repeated', list)
    .option('--now <unix>', 'seconds since the Unix epoch; the present unless told')
    .option('--env <name>', 'takes the token from an environment variable')
    .addOption(
      new Option('-o, --output <format>', 'how it is written')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    )
    .addHelpText('before', EXAMPLES)
    .action(verify);
}

async function verify(file: string | undefined, options: Options): Promise<void> {
  const now = nowOf(options.now);
  const { from, text, decoded } = await readToken(file, options.env);
  if (options.jwks === '-' && from === '-') {
    throw new Failure(ExitCode.Usage, '--jwks -: standard input holds the token already');
  }
  const issuer = options.iss ?? decoded.payload.iss;
  if (typeof issuer !== 'string' || issuer === '') {
    throw new Failure(ExitCode.Usage, `${from}: the token has no issuer; give --iss`);
  }
  const judge = await PolicyJudge.start({
    resources: authentication(issuer, await readInput(options.jwks), options),
    workload: NAMESPACE,
    mesh: { settings: {} },
    now,
  });
  const decision = judge.decide({
    path: '/',
    headers: [['authorization', `Bearer ${text}`]],
    now,
  });
  const reason = decision.allowed ? undefined : decision.body;
  const verdict = { valid: decision.allowed, ...(reason === undefined ? {} : { reason }) };
  const { output } = options;
  if (output === 'json') process.stdout.write(`${JSON.stringify(verdict, null, 2)}\n`);
  else if (output === 'yaml') process.stdout.write(stringify(verdict));
  else {
    const line = reason === undefined ? 'valid' : `not valid: ${reason}`;
    process.stdout.write(`${verdictText(line, decision.allowed, process.stdout)}\n`);
  }
  if (!decision.allowed) throw new Failure(ExitCode.Findings);
}

const NAMESPACE = 'default';

/** The policy that a mesh would have for such tokens. */
function authentication(
  issuer: string,
  jwks: string,
  { aud, jwks: file }: Options,
): ReturnType<typeof loadResources>['resources'] {
  const rule = { issuer, jwks, ...(aud === undefined ? {} : { audiences: aud }) };
  const resource = {
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: { name: 'token', namespace: NAMESPACE },
    spec: { jwtRules: [rule] },
  };
  return loadResources([{ file, text: JSON.stringify(resource) }]).resources;
}
