/** What the command's exit code says. */
export const ExitCode = {
  Ok: 0,
  /** A finding: a policy is wrong, an expectation failed. */
  Findings: 1,
  /** Wrong usage, or input that cannot be read. */
  Usage: 2,
  /** Something that this machine lacks. */
  Environment: 3,
} as const;

/** Ends the command with a code; the messages go to stderr, one a line. */
export class Failure extends Error {
  override name = 'Failure';
  readonly exitCode: number;
  readonly lines: string[];

  constructor(exitCode: number, ...lines: string[]) {
    super(lines.join('\n'));
    this.exitCode = exitCode;
    this.lines = lines;
  }
}
