// istiod, pilot-agent, kube-apiserver and etcd, unmodified, from their Go modules: built once into the cache, under a name that says
// which versions they are.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../envoy/binary.ts';
import { EnvironmentError, messageOf } from '../../envoy/errors.ts';

const run = promisify(execFile);
const MODULES = resolve('istio-tests/modules');

const PROGRAMS = {
  istiod: ['istio.io/istio/pilot/cmd/pilot-discovery', 'istio.io/istio/pilot/cmd/pilot-agent'],
  kube: ['k8s.io/kubernetes/cmd/kube-apiserver', 'go.etcd.io/etcd/server/v3'],
};

/** The folder of the binaries for the versions in go.mod and go.sum. */
export async function binariesFolder(): Promise<string> {
  const hash = createHash('sha256');
  for (const module of Object.keys(PROGRAMS)) {
    for (const file of ['go.mod', 'go.sum'])
      hash.update(await readFile(join(MODULES, module, file)));
  }
  return join(cacheFolder(), `istio-${hash.digest('hex').slice(0, 12)}`);
}

/** Whether they are there. */
export async function areBuilt(): Promise<boolean> {
  return access(await binariesFolder()).then(
    () => true,
    () => false,
  );
}

/** Builds them unless they are there; their folder. Throws EnvironmentError. Cold: 13 minutes on two cores, 4.5 GB of Go's cache. */
export async function buildBinaries(): Promise<string> {
  const folder = await binariesFolder();
  if (await areBuilt()) return folder;
  await mkdir(cacheFolder(), { recursive: true });
  const work = await mkdtemp(join(cacheFolder(), 'building-'));
  try {
    for (const [module, programs] of Object.entries(PROGRAMS)) {
      const go = (...args: string[]): Promise<{ stdout: string }> =>
        run('go', args, { cwd: join(MODULES, module), maxBuffer: 1 << 26 });
      for (const program of programs) {
        const name = program.endsWith('/v3') ? 'etcd' : program.split('/').at(-1)!;
        await go('build', '-ldflags', '-s -w', '-o', join(work, name), program);
      }
      if (module !== 'istiod') continue;
      const { stdout } = await go('list', '-m', '-f', '{{.Dir}}', 'istio.io/istio');
      const istio = stdout.trim();
      const template = 'tools/packaging/common/envoy_bootstrap.json';
      await copyFile(join(istio, template), join(work, 'envoy_bootstrap.json'));
      await copyFile(
        join(istio, 'manifests/charts/base/files/crd-all.gen.yaml'),
        join(work, 'crds.yaml'),
      );
    }
    // Another run may have been first.
    await rename(work, folder).catch(async (error: unknown) => {
      if (!(await areBuilt())) throw error;
    });
    return folder;
  } catch (error) {
    throw new EnvironmentError(
      `Istio could not be built (Go 1.26 or newer is needed): ${messageOf(error)}`,
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
