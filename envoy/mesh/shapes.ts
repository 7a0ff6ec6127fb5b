// Which fields of Kubernetes' and Istio's networking resources a mesh gives a meaning to. A field that would change where traffic
// goes and is not listed is refused by name; what only a scheduler reads is taken and left aside.

/** A field's shape: a type, a list, a map of anything, or an object of fields. */
export type Shape =
  | 'string'
  | 'number'
  | 'boolean'
  | 'anything'
  | 'string-or-number'
  | readonly [Shape]
  | { readonly [field: string]: Shape };

const TLS: Shape = { mode: 'string' };
const PORT: Shape = { number: 'number' };

/** `spec` by kind; a kind that is not here is judged elsewhere, or has none. */
export const SPECS: Record<string, Shape> = {
  Service: {
    selector: 'anything',
    ports: [
      {
        name: 'string',
        port: 'number',
        targetPort: 'string-or-number',
        appProtocol: 'string',
        protocol: 'string',
      },
    ],
    type: 'string',
    clusterIP: 'string',
  },
  Deployment: {
    replicas: 'number',
    selector: 'anything',
    strategy: 'anything',
    minReadySeconds: 'anything',
    revisionHistoryLimit: 'anything',
    progressDeadlineSeconds: 'anything',
    paused: 'boolean',
    template: {
      metadata: 'anything',
      spec: {
        serviceAccountName: 'string',
        serviceAccount: 'string',
        terminationGracePeriodSeconds: 'anything',
        restartPolicy: 'anything',
        nodeSelector: 'anything',
        affinity: 'anything',
        tolerations: 'anything',
        securityContext: 'anything',
        volumes: 'anything',
        imagePullSecrets: 'anything',
        dnsPolicy: 'anything',
        containers: [
          {
            name: 'string',
            image: 'string',
            ports: [{ name: 'string', containerPort: 'number', protocol: 'string' }],
            imagePullPolicy: 'anything',
            command: ['string'],
            args: ['string'],
            env: 'anything',
            resources: 'anything',
            volumeMounts: 'anything',
            securityContext: 'anything',
            livenessProbe: 'anything',
            readinessProbe: 'anything',
            startupProbe: 'anything',
            lifecycle: 'anything',
            workingDir: 'anything',
          },
        ],
      },
    },
  },
  DestinationRule: {
    host: 'string',
    trafficPolicy: { tls: TLS, portLevelSettings: [{ port: PORT, tls: TLS }] },
  },
  Gateway: {
    selector: 'anything',
    servers: [
      { port: { number: 'number', name: 'string', protocol: 'string' }, hosts: ['string'] },
    ],
  },
  VirtualService: {
    hosts: ['string'],
    gateways: ['string'],
    http: [
      {
        name: 'string',
        match: [{ name: 'string', uri: { exact: 'string', prefix: 'string' } }],
        route: [{ destination: { host: 'string', port: PORT } }],
      },
    ],
  },
};

/** What is wrong with a value, and where: `path: message`. */
export function shapeProblems(
  value: unknown,
  shape: Shape,
  path: string,
): { path: string; message: string }[] {
  const wrong = (message: string): { path: string; message: string }[] => [{ path, message }];
  if (value === null || value === undefined || shape === 'anything') return [];
  if (shape === 'string-or-number') {
    return typeof value === 'string' || typeof value === 'number'
      ? []
      : wrong('must be a string or a number');
  }
  if (typeof shape === 'string') {
    return typeof value === shape ? [] : wrong(`must be a ${shape}, not ${nameOf(value)}`);
  }
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return wrong(`must be a list, not ${nameOf(value)}`);
    return value.flatMap((item, i) => shapeProblems(item, shape[0] as Shape, `${path}[${i}]`));
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    return wrong(`must be an object, not ${nameOf(value)}`);
  }
  const fields = shape as Record<string, Shape>;
  return Object.entries(value).flatMap(([name, item]) => {
    const field = fields[name];
    return field === undefined
      ? [
          {
            path: `${path}.${name}`,
            message: `unknown field, or one that the mesh does not support; it knows ${Object.keys(fields).join(', ')}`,
          },
        ]
      : shapeProblems(item, field, `${path}.${name}`);
  });
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
