/** Something that this machine lacks, or that is in the way: exit code 3. The message says what to do. */
export class EnvironmentError extends Error {
  override name = 'EnvironmentError';
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
