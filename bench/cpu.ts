import { readFileSync, readdirSync } from 'node:fs';

/** CPU time that a process has used so far, all threads, in microseconds (Linux, /proc/PID/task/TID/schedstat). */
export function cpuMicroseconds(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'))
    .reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1000, 0);
}
