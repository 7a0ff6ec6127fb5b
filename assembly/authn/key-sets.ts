// The remote key sets of this VM, by cluster and URI. The one piece of the module's state that plugins share, because the
// keys behind a URI are the same for all of them; what a plugin does with them is its own.
import { Uri } from "../config/uri";
import { RemoteKeySet } from "./remote-key-set";

const sets = new Map<string, RemoteKeySet>();

/**
 * The key set behind `uri` through `cluster`, without RSA keys below `minRsaBits`: the one that is there, or a new one
 * without keys.
 */
export function remoteKeySet(cluster: string, uri: Uri, minRsaBits: i32): RemoteKeySet {
  const name = cluster + " " + uri.text + " " + minRsaBits.toString();
  if (!sets.has(name)) sets.set(name, new RemoteKeySet(cluster, uri, minRsaBits));
  return sets.get(name);
}

/** Drops the sets that no plugin uses any more, or that a configuration has asked for which was refused. */
export function dropUnused(): void {
  const names = sets.keys();
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (sets.has(name) && sets.get(name).isUnused) sets.delete(name);
  }
}
