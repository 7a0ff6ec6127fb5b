// A suite about the life of one WasmPlugin, at a sidecar that lets everything pass without it.
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect } from 'vitest';
import type { Ask } from '../envoy-tests/ask.ts';
import { describeLab } from './describe-lab.ts';
import type { Lab } from './lab/lab.ts';
import { render } from './render.ts';

const DRAIN_S = 4;
/** What a listener had is gone after it has drained, and after a second in which its plugin can say so. */
const DRAINED_MS = (DRAIN_S + 2) * 1000;

/** Status of /ip and /uuid without any policy. */
export const OPEN = [200, 404];

/** What such a suite does again and again. */
export interface PluginSuite {
  lab: () => Lab;
  /** Where the agent fetches the module. */
  url: () => string;
  /** `render wasmplugin` for namespace foo. */
  rendered: (policies: string[], ...args: string[]) => Promise<string>;
  get: (path: string, token?: string, more?: Ask) => Promise<number>;
  /** Status of /ip and /uuid. */
  both: () => Promise<number[]>;
  /** Deletes what was applied, and waits until nothing of it is left. */
  remove: (yaml: string) => Promise<void>;
}

/** An AuthorizationPolicy that refuses one path. */
export function deny(path: string, name = 'deny'): string {
  return `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: foo }
spec: { action: DENY, rules: [{ to: [{ operation: { paths: ["${path}"] } }] }] }
`;
}

/** `describe`, with a lab whose Envoys drain quickly. */
export function describePlugin(title: string, suite: (helpers: PluginSuite) => void): void {
  describeLab(title, { drainSeconds: DRAIN_S }, (lab) => {
    const url = (): string => `http://${lab().filesAddress}/portcullis.wasm`;
    const get: PluginSuite['get'] = (path, token, more) => lab().status({ path, token, ...more });
    const both = async (): Promise<number[]> => [await get('/ip'), await get('/uuid')];
    beforeAll(() => lab().files.putFile('/portcullis.wasm', 'build/portcullis.wasm'));
    suite({
      lab,
      url,
      rendered: (policies, ...args) =>
        render(policies, '-n', 'foo', ...(args.includes('--url') ? [] : ['--url', url()]), ...args),
      get,
      both,
      remove: async (yaml) => {
        await lab().kube.delete(yaml);
        await sleep(DRAINED_MS);
        expect(await both()).toEqual(OPEN);
      },
    });
  });
}
