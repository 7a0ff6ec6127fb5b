// Tokens for commands: from files, standard input, the environment. An argument would stay in the shell's history and be seen by
// everyone who lists processes.
import { type DecodedToken, TokenError, decodeToken } from '../istio/token/decode.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { readInput } from './read-input.ts';

/** A token, and where it comes from, for messages. */
export interface TokenInput {
  from: string;
  text: string;
  decoded: DecodedToken;
}

const AS_ARGUMENT =
  'a token as an argument stays in the history of the shell and in the list of processes';

/** Reads `--token @FILE`; `@-` is standard input. The text need not be a token: what is none is to be refused by the module. Throws Failure. */
export async function readTokenOption(text: string): Promise<string> {
  if (text.startsWith('@')) return withoutScheme(await readInput(text.slice(1)));
  throw new Failure(
    ExitCode.Usage,
    `--token: ${AS_ARGUMENT}: give @FILE, or @- for standard input`,
  );
}

/** Reads the token of a file or of standard input (`-`), or with `env` of that variable. Throws Failure. */
export async function readToken(
  file: string | undefined,
  env: string | undefined,
): Promise<TokenInput> {
  if (file !== undefined && env !== undefined) {
    throw new Failure(ExitCode.Usage, `--env ${env}: a file is given as well`);
  }
  if (file !== undefined && looksLikeToken(file)) {
    throw new Failure(ExitCode.Usage, `${AS_ARGUMENT}: give a file, standard input, or --env NAME`);
  }
  const from = env === undefined ? (file ?? '-') : `--env ${env}`;
  const text = withoutScheme(env === undefined ? await readInput(file ?? '-') : variable(env));
  try {
    return { from, text, decoded: decodeToken(text) };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    throw new Failure(ExitCode.Usage, `${from}: no JWT: ${error.message}`);
  }
}

function looksLikeToken(text: string): boolean {
  return /^[\w-]{10,}\.[\w-]+\.[\w-]*$/.test(text) && text.startsWith('ey');
}

/** `Authorization: Bearer …` is often what is at hand. */
function withoutScheme(text: string): string {
  return text.trim().replace(/^(authorization:\s*)?bearer\s+/i, '');
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Failure(ExitCode.Usage, `--env ${name}: is not set`);
  return value;
}
