// `istioctl kube-inject` as `mesh shell` has it.
import { describe, expect, it } from 'vitest';
import { portcullis } from '../cli/portcullis.ts';

const inject = (text: string): ReturnType<typeof portcullis> =>
  portcullis(['mesh', 'istioctl', 'kube-inject', '-f', '-'], text);

const SERVICE = `# The service.
apiVersion: v1
kind: Service
metadata:
  name: app
`;
const DEPLOYMENT = `kind: Deployment
metadata:
  name: app
spec:
  template:
    metadata:
      labels: { app: app } # as the service has it
`;

describe('kube-inject', () => {
  it('says of pods that they have a sidecar, and leaves everything else as it is', async () => {
    const { code, stdout } = await inject(`${SERVICE}---\n${DEPLOYMENT}`);
    expect(code).toBe(0);
    expect(stdout).toBe(
      `${SERVICE}---\n${DEPLOYMENT}      annotations:\n        sidecar.istio.io/inject: "true"\n`,
    );
  });

  it.each([
    ['a list that does not end', 'a: [', 1, '-:1:5: Flow sequence'],
    ['brackets without end', '['.repeat(20_000), 2, '-:1: nested deeper than 100 levels'],
    ['more than anybody needs', '#'.repeat(5 * 1024 * 1024), 2, '-: more than 4 MiB'],
  ])('says what is wrong with %s', async (_what, text, code, message) => {
    const outcome = await inject(text);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(outcome.stderr).toContain(message);
  });
});
