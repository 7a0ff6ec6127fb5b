// Where the files of a mesh are.
import { join } from 'node:path';

/** The folder of a pod, in that of its mesh. */
export function podFolder(
  mesh: string,
  { namespace, name }: { namespace: string; name: string },
): string {
  return join(mesh, 'pods', `${namespace}.${name}`);
}

/** The mesh's own copy of the module: whoever builds it anew meanwhile does not pull it from under the proxies. */
export function moduleOf(mesh: string): string {
  return join(mesh, 'portcullis.wasm');
}

/** The certificate of the mesh's authority, by which its proxies know whom they fetch keys from. */
export function authorityOf(mesh: string): string {
  return join(mesh, 'ca.pem');
}

/** What commands that run as the pod find, and all that the containers of its app are shown of the mesh. */
export function commandsOf(pod: string): string {
  return join(pod, 'bin');
}
