import { type Estimate, estimate, median } from './statistics.ts';
import { IMPORTS, SDK, type Scenario } from './scenarios.ts';

/** One round: CPU per request in microseconds, and requests a second, by scenario. */
export type Round = Map<string, { cpu: number; rate: number }>;

/** A row of the table. Times in microseconds of CPU per request. */
export interface Row {
  id: string;
  name: string;
  cpu: number;
  /** Over no filter with the same request, in the same round; absent for that row itself. */
  added?: Estimate;
  /** `added` as a share of what the native filters add with the same tokens in the same round; absent without a token. */
  ofNative?: Estimate;
  requestsPerSecond: number;
}

/** All that was measured. */
export interface Report {
  envoy: string;
  rounds: number;
  requests: number;
  rows: Row[];
  /** The no-op filter on the SDK minus the one with hand-written imports, in the same round. */
  sdkMinusImports: Estimate;
}

/** Turns rounds into the report. */
export function reportOf(
  scenarios: Scenario[],
  rounds: Round[],
  about: { envoy: string; requests: number },
): Report {
  const cpu = (round: Round, id: string): number => round.get(id)!.cpu;
  const base = new Map(scenarios.map((scenario) => [scenario.id, scenario.base]));
  const added = (round: Round, id: string): number => cpu(round, id) - cpu(round, base.get(id)!);
  return {
    ...about,
    rounds: rounds.length,
    rows: scenarios.map(({ id, name, native }) => ({
      id,
      name,
      cpu: median(rounds.map((round) => cpu(round, id))),
      ...(id === base.get(id)
        ? {}
        : {
            added: estimate(rounds.map((round) => added(round, id))),
            ...(native === undefined
              ? {}
              : {
                  ofNative: estimate(
                    rounds.map((round) => added(round, id) / added(round, native)),
                  ),
                }),
          }),
      requestsPerSecond: median(rounds.map((round) => round.get(id)!.rate)),
    })),
    sdkMinusImports: estimate(rounds.map((round) => cpu(round, SDK) - cpu(round, IMPORTS))),
  };
}

const WIDTHS = [40, 8, 24, 22, 13];

/** The report for people. */
export function formatReport(report: Report): string {
  const line = (cells: string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(WIDTHS[i]!) : cell.padStart(WIDTHS[i]!)))
      .join('');
  const { sdkMinusImports } = report;
  const within = sdkMinusImports.low <= 0 && sdkMinusImports.high >= 0;
  return [
    `Envoy ${report.envoy}, one worker; ${report.rounds} interleaved rounds of ${report.requests} requests;`,
    'CPU of the Envoy process per request in µs, medians with 95 % intervals',
    '',
    line(['', 'CPU', 'added', 'share of native', 'requests/s']),
    ...report.rows.map((row) =>
      line([
        row.name,
        row.cpu.toFixed(1),
        interval(row.added, 1),
        interval(row.ofNative, 2),
        row.requestsPerSecond.toFixed(0),
      ]),
    ),
    '',
    `no-op on our SDK minus hand-written: ${interval(sdkMinusImports, 2)} µs` +
      (within ? ' (within the noise)' : ''),
  ].join('\n');
}

function interval(estimated: Estimate | undefined, digits: number): string {
  if (estimated === undefined) return '';
  const { value, low, high } = estimated;
  return `${value.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}
