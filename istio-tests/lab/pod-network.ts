// A pod as far as the kernel knows: a network namespace, and a wire to this machine.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The user of istio-proxy, whose traffic istio-iptables does not redirect. */
export const PROXY_USER = '1337';

/** One pod's network. */
export class PodNetwork {
  /** This machine, as the pod sees it. */
  readonly hostAddress: string;
  readonly address: string;
  private readonly namespace: string;
  private readonly link: string;

  /** `subnet`: the third number of its addresses, one for each pod. */
  constructor(name: string, subnet: number) {
    this.hostAddress = `10.77.${subnet}.1`;
    this.address = `10.77.${subnet}.2`;
    this.namespace = `portcullis-${name}`;
    // Names of links have 15 characters at most.
    this.link = `portcullis-${subnet}`;
  }

  /** Makes it; what a killed run has left is cleared away first. */
  async make(): Promise<void> {
    await this.remove();
    const { namespace, link } = this;
    const ip = (line: string): Promise<unknown> => run('ip', line.split(' '));
    await ip(`netns add ${namespace}`);
    await ip(`link add ${link} type veth peer name eth0 netns ${namespace}`);
    await ip(`addr add ${this.hostAddress}/24 dev ${link}`);
    await ip(`link set ${link} up`);
    await ip(`-n ${namespace} addr add ${this.address}/24 dev eth0`);
    await ip(`-n ${namespace} link set eth0 up`);
    await ip(`-n ${namespace} link set lo up`);
    await ip(`-n ${namespace} route add default via ${this.hostAddress}`);
  }

  /** Has all traffic of the pod go through its proxy: istio-iptables, as istio-init runs it. */
  async redirect(agent: string, folder: string): Promise<void> {
    const options = `-p 15001 -z 15006 -u ${PROXY_USER} -g ${PROXY_USER} -m REDIRECT -i * -b * -d 15090,15021,15020`;
    const command = this.command(agent, 'istio-iptables', ...options.split(' '), '-x', '');
    await run(command[0]!, command.slice(1), { cwd: folder });
  }

  /** The command line that runs a program in it. */
  command(...program: string[]): string[] {
    return ['ip', 'netns', 'exec', this.namespace, ...program];
  }

  /** Runs a program in it; its output. */
  async run(...program: string[]): Promise<string> {
    const command = this.command(...program);
    return (await run(command[0]!, command.slice(1), { maxBuffer: 1 << 26 })).stdout;
  }

  /** Ends what runs in it, and takes it away. */
  async remove(): Promise<void> {
    const { stdout } = await run('ip', ['netns', 'pids', this.namespace]).catch(() => ({
      stdout: '',
    }));
    for (const pid of stdout.split('\n').filter(Boolean)) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    await run('ip', ['netns', 'del', this.namespace]).catch(() => undefined);
    await run('ip', ['link', 'del', this.link]).catch(() => undefined);
  }
}
