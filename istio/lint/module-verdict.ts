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
      const half = Math.ceil(piece.length / 2);
      queue.unshift(piece.slice(0, half), piece.slice(half));
    } else {
      verdicts.push({ lines, judged: piece });
    }
  }
  return verdicts;
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
