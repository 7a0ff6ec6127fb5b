import { proxy_log } from "./imports";

/**
 * What AssemblyScript calls when an assertion of its own fails; name it with `--use abort=…`.
 * The line in Envoy's log is all that a developer will have of the trap.
 */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const text =
    "abort: " +
    (message === null ? "" : message) +
    " at " +
    (file === null ? "?" : file) +
    ":" +
    line.toString() +
    ":" +
    column.toString();
  const size = String.UTF8.byteLength(text, false);
  const bytes = heap.alloc(size);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, bytes, false);
  proxy_log(5, bytes, size);
  // This trap is meant: an assertion has failed, and going on would be a guess.
  unreachable();
}
