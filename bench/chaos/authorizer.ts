// What befalls the external authorizer of a CUSTOM policy.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Server, createServer } from 'node:http';
import { listen, portOf, stopListening } from '../../envoy/apps/listen.ts';
import { type Misfortune, SETTINGS, misfortune, policies, resource } from './bed.ts';

type Behaviour = 'well' | 'silent' | 'late' | 'resetting' | 'failing' | 'garbling';

const PROVIDER = 'authorizer';
const LATE_MS = 1500;
const TIMEOUT = '0.5s';

let behaviour: Behaviour = 'well';

function startAuthorizer(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    switch (behaviour) {
      case 'well':
        response.end();
        break;
      case 'silent':
        break;
      case 'late':
        setTimeout(() => response.end(), LATE_MS);
        break;
      case 'resetting':
        request.socket.resetAndDestroy();
        break;
      case 'failing':
        response.writeHead(503).end();
        break;
      case 'garbling':
        request.socket.end('HTTP/1.1 two hundred\r\n\r\n');
    }
  });
  return listen(server, 0, '127.0.0.1');
}

const custom = JSON.stringify(
  resource('AuthorizationPolicy', 'custom', {
    action: 'CUSTOM',
    provider: { name: PROVIDER },
    rules: [{ to: [{ operation: { paths: ['/ip', '/headers'] } }] }],
  }),
);

/** Whoever it would have to ask for is refused; the others come and go. */
const ill = (name: string, how: Behaviour): Misfortune => {
  let server: Server | undefined;
  const one = misfortune(
    `the authorizer ${name}`,
    async (_world, watch, { lasting }) => {
      watch.tolerate((kind, status) => kind === 'anybody' && status === 403);
      behaviour = how;
      await sleep(lasting);
      await watch.until(() => watch.tally.tolerated > 0, 'nothing was asked of the authorizer');
      behaviour = 'well';
      return watch.recovery();
    },
    {
      world: async () => {
        behaviour = 'well';
        server = await startAuthorizer();
        return {
          policies: `${policies()}\n---\n${custom}`,
          authorizer: portOf(server),
          settings: {
            ...SETTINGS,
            extensionProviders: [
              {
                name: PROVIDER,
                envoyExtAuthzHttp: { service: 'authorizer.example', port: 80, timeout: TIMEOUT },
              },
            ],
          },
        };
      },
    },
  );
  const run: Misfortune['run'] = async (scale) => {
    try {
      return await one.run(scale);
    } finally {
      if (server !== undefined) await stopListening(server);
    }
  };
  return { ...one, run };
};

export const AUTHORIZER_MISFORTUNES = [
  ill('says nothing', 'silent'),
  ill('is late', 'late'),
  ill('resets connections', 'resetting'),
  ill('answers 503', 'failing'),
  ill('answers no HTTP', 'garbling'),
];
