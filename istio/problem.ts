// What is wrong with somebody's file, in the form of istioctl's messages with the place in front.

/** A finding in a file. Lines and columns count from 1. */
export interface Problem {
  file: string;
  line: number;
  column: number;
  /** `AuthorizationPolicy foo/bar`, where one is known. */
  resource?: string;
  /** `spec.rules[0].from[0].source`, where one is known. */
  path?: string;
  message: string;
}

/** `FILE:LINE:COL: Error (KIND NS/NAME) PATH: MESSAGE` */
export function formatProblem(problem: Problem): string {
  const { file, line, column, resource, path, message } = problem;
  const subject = resource === undefined ? '' : ` (${resource})`;
  const field = path === undefined || path === '' ? '' : ` ${path}:`;
  return `${file}:${line}:${column}: Error${subject}${field} ${message}`;
}
