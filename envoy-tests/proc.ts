// What Linux tells of processes and their sockets.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** The ids of all processes. */
export function processes(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

/** What a file of a process says; nothing, where it has ended meanwhile or is another user's. */
export function fileOf(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

/** The inodes of all TCP sockets that listen. */
export function listeningSockets(): string[] {
  return ['tcp', 'tcp6'].flatMap((name) =>
    fileOf('self', `net/${name}`)
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === '0A')
      .map((columns) => columns[9]!),
  );
}

/** Those of them that a process has. */
export function listeningSocketsOf(pid: string): string[] {
  const all = new Set(listeningSockets());
  try {
    return readdirSync(`/proc/${pid}/fd`)
      .map((fd) => /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1] ?? '')
      .filter((inode) => all.has(inode));
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** The Unix sockets in a folder that somebody holds. */
export function unixSockets(folder: string): string[] {
  return fileOf('self', 'net/unix')
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf(' ') + 1))
    .filter((path) => path.replace(/^@/, '').startsWith(folder));
}
