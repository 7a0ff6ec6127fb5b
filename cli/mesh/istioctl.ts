// What `mesh shell` calls istioctl: the subset that the task pages use, in the place of the real one.
import { Command } from 'commander';
import { parseBounded } from '../../istio/bounded-yaml.ts';
import { ExitCode, Failure } from '../exit-codes.ts';
import { readManifest } from './manifests.ts';

/** `mesh istioctl …`: not for people to type. */
export function istioctlCommand(): Command {
  return new Command('istioctl')
    .summary('what `mesh shell` calls istioctl')
    .description('The subset of istioctl that the task pages use, on the mesh.')
    .addCommand(
      new Command('install')
        .summary('does nothing: the mesh is there')
        .allowUnknownOption()
        .allowExcessArguments()
        .action(() => {
          process.stdout.write('✔ Istio is the mesh itself: nothing to install\n');
        }),
    )
    .addCommand(
      new Command('kube-inject')
        .summary('says that pods get a sidecar')
        .requiredOption('-f, --filename <file>', 'manifests; - is standard input')
        .action(async ({ filename }: { filename: string }) => {
          process.stdout.write(injected(await readManifest(filename), filename));
        }),
    );
}

/** The same manifests, with pods that have a sidecar; everything else stays as it is written. Throws InputBoundError, and Failure for no YAML. */
function injected(text: string, file: string): string {
  const { documents, lines } = parseBounded(text, file);
  return documents
    .map((document) => {
      const [error] = document.errors;
      if (error !== undefined) {
        const { line, col } = lines.linePos(error.pos[0]);
        throw new Failure(ExitCode.Findings, `${file}:${line}:${col}: ${error.message}`);
      }
      if (document.get('kind') === 'Deployment') {
        const path = ['spec', 'template', 'metadata', 'annotations', 'sidecar.istio.io/inject'];
        document.setIn(path, 'true');
      }
      return String(document).replace(/^---\n/, '');
    })
    .join('---\n');
}
