// `make bench-memory`: what Envoy's memory does when tokens come that were never seen before, by the hundred thousand.
import { EnvironmentError, messageOf } from '../envoy/errors.ts';
import { keyFor, signedToken } from '../istio/token/signing.ts';
import { startGateway } from './gateway.ts';
import { run } from './load.ts';
import { residentMib } from './resident-memory.ts';
import { scenarios } from './scenarios.ts';

const SCENARIO = 'ours-HS256';
const STEP = 100_000;
const STEPS = 10;

async function main(): Promise<void> {
  // Symmetric: a million of them can be made while one waits.
  const key = keyFor('HS256', 'HS256');
  const all = scenarios(JSON.stringify({ keys: [key.jwk, keyFor('RS256').jwk] }));
  const gateway = await startGateway(all.filter(({ id }) => id === SCENARIO));
  try {
    const port = gateway.envoy.port(SCENARIO);
    const exp = Math.floor(Date.now() / 1000) + 24 * 3600;
    let n = 0;
    const request = (): Buffer => {
      const claims = { iss: 'testing@secure.istio.io', sub: `user-${n++}`, exp };
      const token = signedToken('HS256', key, claims);
      return Buffer.from(
        `GET /headers HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${token}\r\n\r\n`,
      );
    };
    console.log(
      `Envoy ${gateway.version}, one worker; resident memory after so many distinct tokens`,
    );
    for (let step = 1; step <= STEPS; step++) {
      await run({ port, connections: 8, request, status: 200, requests: STEP });
      const mib = residentMib(gateway.envoy.pid).toFixed(1);
      console.log(`${String(n).padStart(9)}  ${mib} MiB`);
    }
  } finally {
    await gateway.stop();
  }
}

try {
  await main();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = error instanceof EnvironmentError ? 3 : 1;
}
