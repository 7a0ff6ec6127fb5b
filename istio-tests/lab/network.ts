// The pod: a network namespace with istio-iptables in it, and a wire to this machine.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const NAMESPACE = 'portcullis-pod';
const LINK = 'portcullis-veth';
/** This machine, as the pod sees it, and the pod. */
export const HOST_ADDRESS = '10.77.0.1';
export const POD_ADDRESS = '10.77.0.2';
/** The user of istio-proxy, whose traffic is not redirected. */
export const PROXY_USER = '1337';

/** Makes it; what a killed run has left is cleared away first. */
export async function makePod(agent: string, folder: string): Promise<void> {
  await removePod();
  const ip = (line: string): Promise<unknown> => run('ip', line.split(' '));
  await ip(`netns add ${NAMESPACE}`);
  await ip(`link add ${LINK} type veth peer name eth0 netns ${NAMESPACE}`);
  await ip(`addr add ${HOST_ADDRESS}/24 dev ${LINK}`);
  await ip(`link set ${LINK} up`);
  await ip(`-n ${NAMESPACE} addr add ${POD_ADDRESS}/24 dev eth0`);
  await ip(`-n ${NAMESPACE} link set eth0 up`);
  await ip(`-n ${NAMESPACE} link set lo up`);
  await ip(`-n ${NAMESPACE} route add default via ${HOST_ADDRESS}`);
  const redirect = `istio-iptables -p 15001 -z 15006 -u ${PROXY_USER} -g ${PROXY_USER} -m REDIRECT -i * -b * -d 15090,15021,15020`;
  await run('ip', ['netns', 'exec', NAMESPACE, agent, ...redirect.split(' '), '-x', ''], {
    cwd: folder,
  });
}

/** Ends what runs in it, and takes it away. */
export async function removePod(): Promise<void> {
  const { stdout } = await run('ip', ['netns', 'pids', NAMESPACE]).catch(() => ({ stdout: '' }));
  for (const pid of stdout.split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
  await run('ip', ['netns', 'del', NAMESPACE]).catch(() => undefined);
  await run('ip', ['link', 'del', LINK]).catch(() => undefined);
}

/** Runs a program in the pod; its output. */
export async function inPod(program: string, ...args: string[]): Promise<string> {
  const all = ['netns', 'exec', NAMESPACE, program, ...args];
  return (await run('ip', all, { maxBuffer: 1 << 26 })).stdout;
}
