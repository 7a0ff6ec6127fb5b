import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { readToken } from './token-input.ts';

interface Options {
  env?: string;
  output: 'table' | 'json' | 'yaml';
}

const EXAMPLES = `Examples:
  portcullis token decode token.txt
  portcullis token mint key.pem | portcullis token decode
  TOKEN=… portcullis token decode --env TOKEN -o json
`;

/** Claims that are seconds since the Unix epoch (RFC 7519 §2, OpenID Connect Core §2). */
const TIMES = ['exp', 'nbf', 'iat', 'auth_time'];

/** `portcullis token decode`. */
export function tokenDecodeCommand(): Command {
  return new Command('decode')
    .summary('shows what a token says')
    .description('Shows the header and the claims of a token. Its signature is not verified.')
    .argument('[file]', 'file with the token; - or nothing is standard input')
    .option('--env <name>', 'takes the token from an environment variable')
    .addOption(
      new Option('-o, --output <format>', 'how it is written')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    )
    .addHelpText('before', EXAMPLES)
    .action(decode);
}

async function decode(file: string | undefined, { env, output }: Options): Promise<void> {
  const { decoded } = await readToken(file, env);
  const { header, payload, signatureBytes } = decoded;
  if (output === 'json') {
    process.stdout.write(`${JSON.stringify({ header, payload, verified: false }, null, 2)}\n`);
  } else if (output === 'yaml') {
    process.stdout.write(stringify({ header, payload, verified: false }));
  } else {
    const lines = [
      'header',
      ...table(header),
      'claims',
      ...table(payload, Date.now()),
      `signature of ${signatureBytes} bytes: not verified (portcullis token verify does)`,
    ];
    process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  }
}

function table(values: Record<string, unknown>, now?: number): string[] {
  const width = Math.max(0, ...Object.keys(values).map((name) => name.length));
  return Object.entries(values).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const time = now !== undefined && TIMES.includes(name) ? timeText(value, now) : '';
    return `  ${name.padEnd(width)}  ${text}${time}`;
  });
}

/** `  2026-01-31T12:00:00Z, 5 minutes ago` */
function timeText(value: unknown, now: number): string {
  if (typeof value !== 'number') return '';
  const date = new Date(value * 1000);
  if (Number.isNaN(date.getTime())) return '';
  const seconds = Math.round((date.getTime() - now) / 1000);
  const distance = durationText(Math.abs(seconds));
  const relation = seconds < 0 ? `${distance} ago` : `in ${distance}`;
  return `  ${date.toISOString().replace('.000Z', 'Z')}, ${relation}`;
}

/** The largest unit that is at least two of its kind: nobody needs more. */
function durationText(seconds: number): string {
  const units: [string, number][] = [
    ['year', 365 * 86_400],
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ];
  for (const [unit, length] of units) {
    if (seconds >= 2 * length) return `${Math.floor(seconds / length)} ${unit}s`;
  }
  return `${seconds} second${seconds === 1 ? '' : 's'}`;
}
