// A thousand policies of ten rules, and one: the same for the module and for istiod, whose filters for them lie beside.

/** AuthorizationPolicies that allow paths of their own each. */
export function manyPolicies(count: number): object[] {
  return Array.from({ length: count }, (_, policy) => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: `p${policy}`, namespace: 'istio-system' },
    spec: {
      action: 'ALLOW',
      rules: Array.from({ length: 10 }, (_rule, rule) => ({
        to: [
          {
            operation: {
              paths: [`/service-${policy}/resource-${rule}`, `/service-${policy}/tree-${rule}/*`],
              methods: ['GET'],
            },
          },
        ],
      })),
    },
  }));
}
