// `portcullis mesh names`: what the shells' completion asks for. Without a mesh there are none, and that is no error.
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Argument, Command } from 'commander';
import { callControl } from '../../envoy/mesh/control.ts';
import type { MeshStatus } from '../../envoy/mesh/server.ts';
import type { StoredResource } from '../../envoy/mesh/store.ts';
import { meshFolder, meshOption } from './place.ts';

type What = 'meshes' | 'workloads' | 'namespaces';

export function namesCommand(): Command {
  return new Command('names')
    .summary('the names that completion offers, one a line')
    .addArgument(new Argument('<what>', 'of what').choices(['meshes', 'workloads', 'namespaces']))
    .addOption(meshOption())
    .action(async (what: What, { mesh }: { mesh: string }) => {
      const found = await names(what, mesh).catch((): string[] => []);
      process.stdout.write(found.map((name) => `${name}\n`).join(''));
    });
}

async function names(what: What, mesh: string): Promise<string[]> {
  const folder = meshFolder(mesh);
  if (what === 'meshes') return (await readdir(dirname(folder))).sort();
  if (what === 'workloads') {
    const { pods } = await callControl<MeshStatus>(folder, 'status');
    return pods.map(({ name, namespace }) => `${name}.${namespace}`);
  }
  const all = await callControl<{ resource: StoredResource }[]>(folder, 'resources');
  return all
    .map(({ resource }) => resource)
    .filter(({ kind }) => kind === 'Namespace')
    .map(({ metadata }) => metadata.name);
}
