// `make demo`: replays the task and compares. `make up`: leaves the gateway running and prints what to try.
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import pc from 'picocolors';
import { EnvironmentError, messageOf } from '../errors.ts';
import { DemoGateway } from './gateway.ts';
import { REQUEST_AUTHENTICATION, REQUIRE_TOKEN_FOR_HEADERS } from './policies.ts';
import { type Report, runTask } from './steps.ts';

const MODULE = resolve('build/portcullis.wasm');
const WIDTH = 46;

class Printer implements Report {
  failures = 0;

  heading(text: string): void {
    console.log(`\n${pc.bold(text)}`);
  }

  line(what: string, expected: string, seen: string): void {
    const good = expected === seen;
    if (!good) this.failures++;
    const verdict = good ? pc.green('ok') : pc.red('NOT AS EXPECTED');
    console.log(
      `  ${what.padEnd(WIDTH)} expected ${expected.padEnd(9)} seen ${seen.padEnd(9)} ${verdict}`,
    );
  }

  note(text: string): void {
    console.log(pc.dim(`    ${text}`));
  }
}

async function demo(gateway: DemoGateway): Promise<number> {
  const { version, source } = gateway.binary;
  console.log(`Istio's task "end-user authentication" on Envoy ${version} (${source})`);
  const printer = new Printer();
  await runTask(gateway, printer, process.env.SLOW === '1');
  console.log();
  if (printer.failures > 0) {
    console.log(pc.red(`${printer.failures} lines are not as expected.`));
    return 1;
  }
  console.log(
    'Every line is as the page promises. Next: `make up` leaves a gateway running to try by hand.',
  );
  return 0;
}

async function up(gateway: DemoGateway): Promise<number> {
  await gateway.apply(REQUEST_AUTHENTICATION, REQUIRE_TOKEN_FOR_HEADERS);
  const { address, folder, adminUrl } = gateway;
  console.log(`A gateway listens on ${address}: /headers needs a valid token, other paths do not. Paste:

  curl -i http://${address}/headers
  curl -i http://${address}/ip
  TOKEN=$(node build/js/cli/main.js token mint ${folder}/key.pem)
  curl -i -H "Authorization: Bearer $TOKEN" http://${address}/headers
  curl -i -H "Authorization: Bearer deadbeef" http://${address}/ip

  curl -s ${adminUrl}/stats/prometheus | grep ^portcullis
  tail ${folder}/access.log

Ctrl-C stops it.`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  return 0;
}

async function main(): Promise<number> {
  await access(MODULE).catch(() => {
    throw new EnvironmentError(`${MODULE} is missing: run \`make build\``);
  });
  const gateway = await DemoGateway.start(MODULE, Number(process.env.PORT ?? 0));
  const interrupted = (): void => void gateway.stop().finally(() => process.exit(130));
  if (process.argv[2] !== 'up') process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    return process.argv[2] === 'up' ? await up(gateway) : await demo(gateway);
  } finally {
    await gateway.stop();
  }
}

// Whoever has closed the pipe has seen enough: the gateway ends with its parent.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
try {
  process.exitCode = await main();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = error instanceof EnvironmentError ? 3 : 1;
}
