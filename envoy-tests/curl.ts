// curl, as the task pages use it: the status that it prints, and its exit code.
import { execFile } from 'node:child_process';

/** What curl says: `000` and 56 where the connection is reset. */
export interface CurlResult {
  code: number;
  status: string;
  /** Bytes of the answer's body. */
  bytes: number;
}

/** Runs curl with these arguments behind those that make it print its status. */
export function curl(...args: string[]): Promise<CurlResult> {
  const format = ['-s', '-o', '/dev/null', '-w', '%{http_code} %{size_download}'];
  return new Promise((done) => {
    execFile('curl', [...format, '--max-time', '10', ...args], (error, stdout) => {
      const [status = '', bytes] = stdout.split(' ');
      done({ code: Number(error?.code ?? 0), status, bytes: Number(bytes) });
    });
  });
}
