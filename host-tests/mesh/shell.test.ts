// `portcullis mesh shell` where no mesh runs: what it prints keeps the lines that follow from a real cluster.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CLI = [process.execPath, resolve('build/js/cli/main.js')];
const home = mkdtempSync(join(tmpdir(), 'portcullis-shell-'));
const bin = join(home, 'bin');
const env = {
  ...process.env,
  PORTCULLIS_MESH_HOME: join(home, 'mesh'),
  PATH: `${bin}:${process.env.PATH}`,
};
beforeAll(() => {
  execFileSync('mkdir', ['-p', bin]);
  // The real one, which must not be called.
  writeFileSync(join(bin, 'kubectl'), '#!/bin/sh\necho the real cluster\n', { mode: 0o755 });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function bash(script: string): { stdout: string; stderr: string; status: number | null } {
  return spawnSync('bash', ['-c', script], { env, encoding: 'utf8' });
}

const SHELL = `eval "$(${CLI.map((word) => `'${word}'`).join(' ')} mesh shell)"`;

describe('without a mesh', () => {
  it('kubectl and istioctl refuse, and say why', () => {
    const { stdout, stderr, status } = bash(`${SHELL}; kubectl apply -f strict.yaml`);
    expect(stdout).toBe('');
    expect(stderr).toContain('no mesh is running');
    expect(stderr).toContain('kubectl: no mesh "default" was running');
    expect(status).toBe(3);
    expect(bash(`${SHELL}; istioctl version`).status).toBe(3);
  });

  it('the real one is there again when they are taken away', () => {
    expect(bash(`${SHELL}; unset -f kubectl; kubectl get pods`).stdout).toBe('the real cluster\n');
  });

  it('the command itself ends with 3', () => {
    const [node, main] = CLI;
    expect(spawnSync(node!, [main!, 'mesh', 'shell'], { env }).status).toBe(3);
  });

  it('fish has functions of its own', () => {
    const [node, main] = CLI;
    const fish = spawnSync(node!, [main!, 'mesh', 'shell', '--shell', 'fish'], {
      env,
      encoding: 'utf8',
    });
    expect(fish.stdout).toMatch(
      /^function kubectl; echo 'kubectl: no mesh .*' >&2; return 3; end$/m,
    );
    const own = spawnSync(node!, [main!, 'mesh', 'shell'], {
      env: { ...env, SHELL: '/usr/bin/fish' },
      encoding: 'utf8',
    });
    expect(own.stdout).toBe(fish.stdout);
  });
});
