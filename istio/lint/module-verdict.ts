// The module's verdict on any number of resources: a configuration has its bounds, and so has what the module prints of it.
import type { Resource } from '../load.ts';

/** Configures the module with these resources, and returns its error lines. */
export type ModuleJudge = (resources: Resource[]) => Promise<string[]>;

/** Error lines, and the resources that their indices count. */
export interface Verdict {
  lines: string[];
  judged: Resource[];
}

/** UTF-16 units of JSON; the module takes 3 MiB. */
const MAX_PIECE = 1_000_000;

/** Asks in pieces, and again in smaller ones until every error is somebody's. */
export async function judgeInPieces(resources: Resource[], judge: ModuleJudge): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const queue = piecesOf(resources);
  for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) {
    const lines = await judge(piece);
    if (piece.length > 1 && !lines.every(isAboutOne)) {
      queue.unshift(...inPieces(piece, sizeFor(piece, lines)));
    } else {
      verdicts.push({ lines, judged: piece });
    }
  }
  return verdicts;
}

/** So many resources that what is wrong with them is likely to be printed whole: fewer than those that had room this time. */
function sizeFor(piece: Resource[], lines: string[]): number {
  const last = Math.max(
    0,
    ...lines.map((line) => Number(/^config: resources\[(\d+)\]/.exec(line)?.[1] ?? 0)),
  );
  const isTold = last > 1 && last < piece.length - 1;
  return isTold ? Math.ceil(last * 0.8) : Math.ceil(piece.length / 2);
}

function inPieces(resources: Resource[], size: number): Resource[][] {
  return Array.from({ length: Math.ceil(resources.length / size) }, (_, i) =>
    resources.slice(i * size, (i + 1) * size),
  );
}

/** Whether a line tells which resource it is about: what cannot be read at all, or was not printed, does not. */
function isAboutOne(line: string): boolean {
  return line.startsWith('config: resources[');
}

/** No piece holds a resource twice: that is for others to say. */
function piecesOf(resources: Resource[]): Resource[][] {
  const pieces: Resource[][] = [];
  let size = 0;
  let titles = new Set<string>();
  for (const resource of resources) {
    const title = `${resource.kind} ${resource.namespace}/${resource.name}`;
    const length = JSON.stringify(resource.value).length;
    if (pieces.length === 0 || size + length > MAX_PIECE || titles.has(title)) {
      pieces.push([]);
      size = 0;
      titles = new Set();
    }
    pieces.at(-1)!.push(resource);
    titles.add(title);
    size += length;
  }
  return pieces;
}
