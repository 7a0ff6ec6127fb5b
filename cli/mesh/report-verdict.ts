// What the counts of `mesh report` come to.
import type { PeerCount } from '../../envoy/mesh/server.ts';

/** What is to be said, and whether there is anything to work through. */
export interface Verdict {
  lines: string[];
  isOpen: boolean;
}

/** Who was refused; whom STRICT would refuse where plaintext is still taken; or that there is nobody. */
export function verdictOf(peers: readonly PeerCount[]): Verdict {
  if (peers.length === 0) return { lines: ['no requests yet'], isOpen: false };
  const wouldRefuse = new Set(
    peers
      .filter(
        ({ security, requests, takesPlaintext }) =>
          security === 'plaintext' && requests > 0 && takesPlaintext,
      )
      .map(({ workload }) => workload),
  );
  const refused = peers
    .filter((peer) => peer.refused > 0)
    .map((peer) => `${peer.source} to ${peer.workload} (${peer.security}, ${peer.refused})`);
  const lines = [
    ...(refused.length > 0 ? [`refused by PeerAuthentication: ${refused.join('; ')}`] : []),
    ...(wouldRefuse.size > 0
      ? [`STRICT would refuse requests to: ${[...wouldRefuse].join(', ')}`]
      : []),
  ];
  if (lines.length > 0) return { lines, isOpen: true };
  return {
    lines: ['nobody has spoken plaintext: STRICT would refuse nobody who has come so far'],
    isOpen: false,
  };
}
