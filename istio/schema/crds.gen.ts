// Made by scripts/update-schemas.mjs from istio.io/api@v1.31.4, kubernetes/customresourcedefinitions.gen.yaml,
// Copyright Istio Authors, Apache-2.0; descriptions and status are left out.
import type { Crd } from './crd.ts';

export const ISTIO_API = 'v1.31.4';

export const CRDS: Record<string, Crd> = {
  AuthorizationPolicy: {
    group: 'security.istio.io',
    versions: ['v1', 'v1beta1'],
    spec: {
      oneOf: [{ not: { anyOf: [{ required: ['provider'] }] } }, { required: ['provider'] }],
      properties: {
        action: { enum: ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'], type: 'string' },
        provider: { properties: { name: { type: 'string' } }, type: 'object' },
        rules: {
          items: {
            properties: {
              from: {
                items: {
                  properties: {
                    source: {
                      properties: {
                        ipBlocks: { items: { type: 'string' }, type: 'array' },
                        namespaces: { items: { type: 'string' }, type: 'array' },
                        notIpBlocks: { items: { type: 'string' }, type: 'array' },
                        notNamespaces: { items: { type: 'string' }, type: 'array' },
                        notPrincipals: { items: { type: 'string' }, type: 'array' },
                        notRemoteIpBlocks: { items: { type: 'string' }, type: 'array' },
                        notRequestPrincipals: { items: { type: 'string' }, type: 'array' },
                        notServiceAccounts: {
                          items: { maxLength: 320, type: 'string' },
                          maxItems: 16,
                          type: 'array',
                        },
                        notTrustDomains: { items: { type: 'string' }, type: 'array' },
                        principals: { items: { type: 'string' }, type: 'array' },
                        remoteIpBlocks: { items: { type: 'string' }, type: 'array' },
                        requestPrincipals: { items: { type: 'string' }, type: 'array' },
                        serviceAccounts: {
                          items: { maxLength: 320, type: 'string' },
                          maxItems: 16,
                          type: 'array',
                        },
                        trustDomains: { items: { type: 'string' }, type: 'array' },
                      },
                      type: 'object',
                      'x-kubernetes-validations': [
                        {
                          message: 'Cannot set serviceAccounts with namespaces or principals',
                          rule: '(has(self.serviceAccounts) || has(self.notServiceAccounts)) ? (!has(self.principals) &&\n!has(self.notPrincipals) && !has(self.namespaces) && !has(self.notNamespaces)) : true',
                        },
                      ],
                    },
                  },
                  type: 'object',
                },
                maxItems: 512,
                type: 'array',
              },
              to: {
                items: {
                  properties: {
                    operation: {
                      properties: {
                        hosts: { items: { type: 'string' }, type: 'array' },
                        methods: { items: { type: 'string' }, type: 'array' },
                        notHosts: { items: { type: 'string' }, type: 'array' },
                        notMethods: { items: { type: 'string' }, type: 'array' },
                        notPaths: { items: { type: 'string' }, type: 'array' },
                        notPorts: { items: { type: 'string' }, type: 'array' },
                        paths: { items: { type: 'string' }, type: 'array' },
                        ports: { items: { type: 'string' }, type: 'array' },
                      },
                      type: 'object',
                    },
                  },
                  type: 'object',
                },
                type: 'array',
              },
              when: {
                items: {
                  properties: {
                    key: { type: 'string' },
                    notValues: { items: { type: 'string' }, type: 'array' },
                    values: { items: { type: 'string' }, type: 'array' },
                  },
                  required: ['key'],
                  type: 'object',
                },
                type: 'array',
              },
            },
            type: 'object',
          },
          maxItems: 512,
          type: 'array',
        },
        selector: {
          properties: {
            matchLabels: {
              additionalProperties: {
                maxLength: 63,
                type: 'string',
                'x-kubernetes-validations': [
                  {
                    message: 'wildcard not allowed in label value match',
                    rule: '!self.contains("*")',
                  },
                ],
              },
              maxProperties: 4096,
              type: 'object',
              'x-kubernetes-validations': [
                {
                  message: 'wildcard not allowed in label key match',
                  rule: 'self.all(key, !key.contains("*"))',
                },
                { message: 'key must not be empty', rule: 'self.all(key, key.size() != 0)' },
              ],
            },
          },
          type: 'object',
        },
        targetRef: {
          properties: {
            group: {
              maxLength: 253,
              pattern: '^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
              type: 'string',
            },
            kind: {
              maxLength: 63,
              minLength: 1,
              pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$',
              type: 'string',
            },
            name: { maxLength: 253, minLength: 1, type: 'string' },
            namespace: {
              type: 'string',
              'x-kubernetes-validations': [
                {
                  message: 'cross namespace referencing is not currently supported',
                  rule: 'self.size() == 0',
                },
              ],
            },
          },
          required: ['kind', 'name'],
          type: 'object',
        },
        targetRefs: {
          items: {
            properties: {
              group: {
                maxLength: 253,
                pattern: '^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
                type: 'string',
              },
              kind: {
                maxLength: 63,
                minLength: 1,
                pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$',
                type: 'string',
              },
              name: { maxLength: 253, minLength: 1, type: 'string' },
              namespace: {
                type: 'string',
                'x-kubernetes-validations': [
                  {
                    message: 'cross namespace referencing is not currently supported',
                    rule: 'self.size() == 0',
                  },
                ],
              },
            },
            required: ['kind', 'name'],
            type: 'object',
          },
          maxItems: 16,
          type: 'array',
        },
      },
      type: 'object',
      'x-kubernetes-validations': [
        {
          message: 'only one of targetRefs or selector can be set',
          rule: '(has(self.selector) ? 1 : 0) + (has(self.targetRef) ? 1 : 0) + (has(self.targetRefs) ? 1 : 0) <= 1',
        },
      ],
    },
  },
  DestinationRule: {
    group: 'networking.istio.io',
    versions: ['v1', 'v1alpha3', 'v1beta1'],
    spec: {
      properties: {
        exportTo: { items: { type: 'string' }, type: 'array' },
        host: { type: 'string' },
        subsets: {
          items: {
            properties: {
              labels: { additionalProperties: { type: 'string' }, type: 'object' },
              name: { type: 'string' },
              trafficPolicy: {
                properties: {
                  connectionPool: {
                    properties: {
                      http: {
                        properties: {
                          h2UpgradePolicy: {
                            enum: ['DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE'],
                            type: 'string',
                          },
                          http1MaxPendingRequests: { format: 'int32', type: 'integer' },
                          http2KeepAlive: {
                            properties: {
                              interval: {
                                type: 'string',
                                'x-kubernetes-validations': [
                                  {
                                    message: 'must be a valid duration greater than 1ms',
                                    rule: "duration(self) >= duration('1ms')",
                                  },
                                ],
                              },
                              timeout: {
                                type: 'string',
                                'x-kubernetes-validations': [
                                  {
                                    message: 'must be a valid duration greater than 1ms',
                                    rule: "duration(self) >= duration('1ms')",
                                  },
                                ],
                              },
                            },
                            type: 'object',
                          },
                          http2MaxRequests: { format: 'int32', type: 'integer' },
                          idleTimeout: {
                            type: 'string',
                            'x-kubernetes-validations': [
                              {
                                message: 'must be a valid duration greater than 1ms',
                                rule: "duration(self) >= duration('1ms')",
                              },
                            ],
                          },
                          maxConcurrentStreams: { format: 'int32', type: 'integer' },
                          maxRequestsPerConnection: { format: 'int32', type: 'integer' },
                          maxRetries: { format: 'int32', type: 'integer' },
                          useClientProtocol: { type: 'boolean' },
                        },
                        type: 'object',
                      },
                      tcp: {
                        properties: {
                          connectTimeout: {
                            type: 'string',
                            'x-kubernetes-validations': [
                              {
                                message: 'must be a valid duration greater than 1ms',
                                rule: "duration(self) >= duration('1ms')",
                              },
                            ],
                          },
                          idleTimeout: { type: 'string' },
                          maxConnectionDuration: {
                            type: 'string',
                            'x-kubernetes-validations': [
                              {
                                message: 'must be a valid duration greater than 1ms',
                                rule: "duration(self) >= duration('1ms')",
                              },
                            ],
                          },
                          maxConnections: { format: 'int32', type: 'integer' },
                          tcpKeepalive: {
                            properties: {
                              interval: {
                                type: 'string',
                                'x-kubernetes-validations': [
                                  {
                                    message: 'must be a valid duration greater than 1ms',
                                    rule: "duration(self) >= duration('1ms')",
                                  },
                                ],
                              },
                              probes: { maximum: 4294967295, minimum: 0, type: 'integer' },
                              time: {
                                type: 'string',
                                'x-kubernetes-validations': [
                                  {
                                    message: 'must be a valid duration greater than 1ms',
                                    rule: "duration(self) >= duration('1ms')",
                                  },
                                ],
                              },
                            },
                            type: 'object',
                          },
                        },
                        type: 'object',
                      },
                    },
                    type: 'object',
                  },
                  loadBalancer: {
                    oneOf: [
                      {
                        not: {
                          anyOf: [{ required: ['simple'] }, { required: ['consistentHash'] }],
                        },
                      },
                      { required: ['simple'] },
                      { required: ['consistentHash'] },
                    ],
                    properties: {
                      consistentHash: {
                        allOf: [
                          {
                            oneOf: [
                              {
                                not: {
                                  anyOf: [
                                    { required: ['httpHeaderName'] },
                                    { required: ['httpCookie'] },
                                    { required: ['useSourceIp'] },
                                    { required: ['httpQueryParameterName'] },
                                  ],
                                },
                              },
                              { required: ['httpHeaderName'] },
                              { required: ['httpCookie'] },
                              { required: ['useSourceIp'] },
                              { required: ['httpQueryParameterName'] },
                            ],
                          },
                          {
                            oneOf: [
                              {
                                not: {
                                  anyOf: [{ required: ['ringHash'] }, { required: ['maglev'] }],
                                },
                              },
                              { required: ['ringHash'] },
                              { required: ['maglev'] },
                            ],
                          },
                        ],
                        properties: {
                          httpCookie: {
                            properties: {
                              attributes: {
                                items: {
                                  properties: {
                                    name: { type: 'string' },
                                    value: { type: 'string' },
                                  },
                                  required: ['name'],
                                  type: 'object',
                                },
                                type: 'array',
                              },
                              name: { type: 'string' },
                              path: { type: 'string' },
                              ttl: { type: 'string' },
                            },
                            required: ['name'],
                            type: 'object',
                          },
                          httpHeaderName: { type: 'string' },
                          httpQueryParameterName: { type: 'string' },
                          maglev: {
                            properties: { tableSize: { minimum: 0, type: 'integer' } },
                            type: 'object',
                          },
                          minimumRingSize: { minimum: 0, type: 'integer' },
                          ringHash: {
                            properties: { minimumRingSize: { minimum: 0, type: 'integer' } },
                            type: 'object',
                          },
                          useSourceIp: { type: 'boolean' },
                        },
                        type: 'object',
                      },
                      localityLbSetting: {
                        properties: {
                          distribute: {
                            items: {
                              properties: {
                                from: { type: 'string' },
                                to: {
                                  additionalProperties: {
                                    maximum: 4294967295,
                                    minimum: 0,
                                    type: 'integer',
                                  },
                                  type: 'object',
                                },
                              },
                              type: 'object',
                            },
                            type: 'array',
                          },
                          enabled: { nullable: true, type: 'boolean' },
                          failover: {
                            items: {
                              properties: { from: { type: 'string' }, to: { type: 'string' } },
                              type: 'object',
                            },
                            type: 'array',
                          },
                          failoverPriority: { items: { type: 'string' }, type: 'array' },
                        },
                        type: 'object',
                      },
                      simple: {
                        enum: [
                          'UNSPECIFIED',
                          'LEAST_CONN',
                          'RANDOM',
                          'PASSTHROUGH',
                          'ROUND_ROBIN',
                          'LEAST_REQUEST',
                        ],
                        type: 'string',
                      },
                      warmup: {
                        properties: {
                          aggression: {
                            format: 'double',
                            minimum: 0,
                            nullable: true,
                            type: 'number',
                          },
                          duration: {
                            type: 'string',
                            'x-kubernetes-validations': [
                              {
                                message: 'must be a valid duration greater than 1ms',
                                rule: "duration(self) >= duration('1ms')",
                              },
                            ],
                          },
                          minimumPercent: {
                            format: 'double',
                            maximum: 100,
                            minimum: 0,
                            nullable: true,
                            type: 'number',
                          },
                        },
                        required: ['duration'],
                        type: 'object',
                      },
                      warmupDurationSecs: {
                        type: 'string',
                        'x-kubernetes-validations': [
                          {
                            message: 'must be a valid duration greater than 1ms',
                            rule: "duration(self) >= duration('1ms')",
                          },
                        ],
                      },
                      zoneAwareLbSetting: {
                        properties: {
                          enabled: { nullable: true, type: 'boolean' },
                          failover: {
                            items: {
                              properties: { from: { type: 'string' }, to: { type: 'string' } },
                              type: 'object',
                            },
                            type: 'array',
                          },
                          failoverPriority: { items: { type: 'string' }, type: 'array' },
                          minClusterSize: {
                            maximum: 4294967295,
                            minimum: 1,
                            nullable: true,
                            type: 'integer',
                          },
                        },
                        type: 'object',
                      },
                    },
                    type: 'object',
                  },
                  outlierDetection: {
                    properties: {
                      baseEjectionTime: {
                        type: 'string',
                        'x-kubernetes-validations': [
                          {
                            message: 'must be a valid duration greater than 1ms',
                            rule: "duration(self) >= duration('1ms')",
                          },
                        ],
                      },
                      consecutive5xxErrors: {
                        maximum: 4294967295,
                        minimum: 0,
                        nullable: true,
                        type: 'integer',
                      },
                      consecutiveErrors: { format: 'int32', type: 'integer' },
                      consecutiveGatewayErrors: {
                        maximum: 4294967295,
                        minimum: 0,
                        nullable: true,
                        type: 'integer',
                      },
                      consecutiveLocalOriginFailures: {
                        maximum: 4294967295,
                        minimum: 0,
                        nullable: true,
                        type: 'integer',
                      },
                      interval: {
                        type: 'string',
                        'x-kubernetes-validations': [
                          {
                            message: 'must be a valid duration greater than 1ms',
                            rule: "duration(self) >= duration('1ms')",
                          },
                        ],
                      },
                      maxEjectionPercent: { format: 'int32', type: 'integer' },
                      minHealthPercent: { format: 'int32', type: 'integer' },
                      outlierDetectionHttpErrorCodes: {
                        items: { maximum: 599, minimum: 100, type: 'integer' },
                        type: 'array',
                      },
                      splitExternalLocalOriginErrors: { type: 'boolean' },
                    },
                    type: 'object',
                  },
                  portLevelSettings: {
                    items: {
                      properties: {
                        connectionPool: {
                          properties: {
                            http: {
                              properties: {
                                h2UpgradePolicy: {
                                  enum: ['DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE'],
                                  type: 'string',
                                },
                                http1MaxPendingRequests: { format: 'int32', type: 'integer' },
                                http2KeepAlive: {
                                  properties: {
                                    interval: {
                                      type: 'string',
                                      'x-kubernetes-validations': [
                                        {
                                          message: 'must be a valid duration greater than 1ms',
                                          rule: "duration(self) >= duration('1ms')",
                                        },
                                      ],
                                    },
                                    timeout: {
                                      type: 'string',
                                      'x-kubernetes-validations': [
                                        {
                                          message: 'must be a valid duration greater than 1ms',
                                          rule: "duration(self) >= duration('1ms')",
                                        },
                                      ],
                                    },
                                  },
                                  type: 'object',
                                },
                                http2MaxRequests: { format: 'int32', type: 'integer' },
                                idleTimeout: {
                                  type: 'string',
                                  'x-kubernetes-validations': [
                                    {
                                      message: 'must be a valid duration greater than 1ms',
                                      rule: "duration(self) >= duration('1ms')",
                                    },
                                  ],
                                },
                                maxConcurrentStreams: { format: 'int32', type: 'integer' },
                                maxRequestsPerConnection: { format: 'int32', type: 'integer' },
                                maxRetries: { format: 'int32', type: 'integer' },
                                useClientProtocol: { type: 'boolean' },
                              },
                              type: 'object',
                            },
                            tcp: {
                              properties: {
                                connectTimeout: {
                                  type: 'string',
                                  'x-kubernetes-validations': [
                                    {
                                      message: 'must be a valid duration greater than 1ms',
                                      rule: "duration(self) >= duration('1ms')",
                                    },
                                  ],
                                },
                                idleTimeout: { type: 'string' },
                                maxConnectionDuration: {
                                  type: 'string',
                                  'x-kubernetes-validations': [
                                    {
                                      message: 'must be a valid duration greater than 1ms',
                                      rule: "duration(self) >= duration('1ms')",
                                    },
                                  ],
                                },
                                maxConnections: { format: 'int32', type: 'integer' },
                                tcpKeepalive: {
                                  properties: {
                                    interval: {
                                      type: 'string',
                                      'x-kubernetes-validations': [
                                        {
                                          message: 'must be a valid duration greater than 1ms',
                                          rule: "duration(self) >= duration('1ms')",
                                        },
                                      ],
                                    },
                                    probes: { maximum: 4294967295, minimum: 0, type: 'integer' },
                                    time: {
                                      type: 'string',
                                      'x-kubernetes-validations': [
                                        {
                                          message: 'must be a valid duration greater than 1ms',
                                          rule: "duration(self) >= duration('1ms')",
                                        },
                                      ],
                                    },
                                  },
                                  type: 'object',
                                },
                              },
                              type: 'object',
                            },
                          },
                          type: 'object',
                        },
                        loadBalancer: {
                          oneOf: [
                            {
                              not: {
                                anyOf: [{ required: ['simple'] }, { required: ['consistentHash'] }],
                              },
                            },
                            { required: ['simple'] },
                            { required: ['consistentHash'] },
                          ],
                          properties: {
                            consistentHash: {
                              allOf: [
                                {
                                  oneOf: [
                                    {
                                      not: {
                                        anyOf: [
                                          { required: ['httpHeaderName'] },
                                          { required: ['httpCookie'] },
                                          { required: ['useSourceIp'] },
                                          { required: ['httpQueryParameterName'] },
                                        ],
                                      },
                                    },
                                    { required: ['httpHeaderName'] },
                                    { required: ['httpCookie'] },
                                    { required: ['useSourceIp'] },
                                    { required: ['httpQueryParameterName'] },
                                  ],
                                },
                                {
                                  oneOf: [
                                    {
                                      not: {
                                        anyOf: [
                                          { required: ['ringHash'] },
                                          { required: ['maglev'] },
                                        ],
                                      },
                                    },
                                    { required: ['ringHash'] },
                                    { required: ['maglev'] },
                                  ],
                                },
                              ],
                              properties: {
                                httpCookie: {
                                  properties: {
                                    attributes: {
                                      items: {
                                        properties: {
                                          name: { type: 'string' },
                                          value: { type: 'string' },
                                        },
                                        required: ['name'],
                                        type: 'object',
                                      },
                                      type: 'array',
                                    },
                                    name: { type: 'string' },
                                    path: { type: 'string' },
                                    ttl: { type: 'string' },
                                  },
                                  required: ['name'],
                                  type: 'object',
                                },
                                httpHeaderName: { type: 'string' },
                                httpQueryParameterName: { type: 'string' },
                                maglev: {
                                  properties: { tableSize: { minimum: 0, type: 'integer' } },
                                  type: 'object',
                                },
                                minimumRingSize: { minimum: 0, type: 'integer' },
                                ringHash: {
                                  properties: { minimumRingSize: { minimum: 0, type: 'integer' } },
                                  type: 'object',
                                },
                                useSourceIp: { type: 'boolean' },
                              },
                              type: 'object',
                            },
                            localityLbSetting: {
                              properties: {
                                distribute: {
                                  items: {
                                    properties: {
                                      from: { type: 'string' },
                                      to: {
                                        additionalProperties: {
                                          maximum: 4294967295,
                                          minimum: 0,
                                          type: 'integer',
                                        },
                                        type: 'object',
                                      },
                                    },
                                    type: 'object',
                                  },
                                  type: 'array',
                                },
                                enabled: { nullable: true, type: 'boolean' },
                                failover: {
                                  items: {
                                    properties: {
                                      from: { type: 'string' },
                                      to: { type: 'string' },
                                    },
                                    type: 'object',
                                  },
                                  type: 'array',
                                },
                                failoverPriority: { items: { type: 'string' }, type: 'array' },
                              },
                              type: 'object',
                            },
                            simple: {
                              enum: [
                                'UNSPECIFIED',
                                'LEAST_CONN',
                                'RANDOM',
                                'PASSTHROUGH',
                                'ROUND_ROBIN',
                                'LEAST_REQUEST',
                              ],
                              type: 'string',
                            },
                            warmup: {
                              properties: {
                                aggression: {
                                  format: 'double',
                                  minimum: 0,
                                  nullable: true,
                                  type: 'number',
                                },
                                duration: {
                                  type: 'string',
                                  'x-kubernetes-validations': [
                                    {
                                      message: 'must be a valid duration greater than 1ms',
                                      rule: "duration(self) >= duration('1ms')",
                                    },
                                  ],
                                },
                                minimumPercent: {
                                  format: 'double',
                                  maximum: 100,
                                  minimum: 0,
                                  nullable: true,
                                  type: 'number',
                                },
                              },
                              required: ['duration'],
                              type: 'object',
                            },
                            warmupDurationSecs: {
                              type: 'string',
                              'x-kubernetes-validations': [
                                {
                                  message: 'must be a valid duration greater than 1ms',
                                  rule: "duration(self) >= duration('1ms')",
                                },
                              ],
                            },
                            zoneAwareLbSetting: {
                              properties: {
                                enabled: { nullable: true, type: 'boolean' },
                                failover: {
                                  items: {
                                    properties: {
                                      from: { type: 'string' },
                                      to: { type: 'string' },
                                    },
                                    type: 'object',
                                  },
                                  type: 'array',
                                },
                                failoverPriority: { items: { type: 'string' }, type: 'array' },
                                minClusterSize: {
                                  maximum: 4294967295,
                                  minimum: 1,
                                  nullable: true,
                                  type: 'integer',
                                },
                              },
                              type: 'object',
                            },
                          },
                          type: 'object',
                        },
                        outlierDetection: {
                          properties: {
                            baseEjectionTime: {
                              type: 'string',
                              'x-kubernetes-validations': [
                                {
                                  message: 'must be a valid duration greater than 1ms',
                                  rule: "duration(self) >= duration('1ms')",
                                },
                              ],
                            },
                            consecutive5xxErrors: {
                              maximum: 4294967295,
                              minimum: 0,
                              nullable: true,
                              type: 'integer',
                            },
                            consecutiveErrors: { format: 'int32', type: 'integer' },
                            consecutiveGatewayErrors: {
                              maximum: 4294967295,
                              minimum: 0,
                              nullable: true,
                              type: 'integer',
                            },
                            consecutiveLocalOriginFailures: {
                              maximum: 4294967295,
                              minimum: 0,
                              nullable: true,
                              type: 'integer',
                            },
                            interval: {
                              type: 'string',
                              'x-kubernetes-validations': [
                                {
                                  message: 'must be a valid duration greater than 1ms',
                                  rule: "duration(self) >= duration('1ms')",
                                },
                              ],
                            },
                            maxEjectionPercent: { format: 'int32', type: 'integer' },
                            minHealthPercent: { format: 'int32', type: 'integer' },
                            outlierDetectionHttpErrorCodes: {
                              items: { maximum: 599, minimum: 100, type: 'integer' },
                              type: 'array',
                            },
                            splitExternalLocalOriginErrors: { type: 'boolean' },
                          },
                          type: 'object',
                        },
                        port: {
                          properties: {
                            number: { maximum: 4294967295, minimum: 0, type: 'integer' },
                          },
                          type: 'object',
                        },
                        tls: {
                          properties: {
                            caCertificates: { type: 'string' },
                            caCrl: { type: 'string' },
                            clientCertificate: { type: 'string' },
                            credentialName: { type: 'string' },
                            insecureSkipVerify: { nullable: true, type: 'boolean' },
                            mode: {
                              enum: ['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'],
                              type: 'string',
                            },
                            privateKey: { type: 'string' },
                            sni: { type: 'string' },
                            subjectAltNames: { items: { type: 'string' }, type: 'array' },
                          },
                          type: 'object',
                        },
                      },
                      type: 'object',
                    },
                    maxItems: 4096,
                    type: 'array',
                  },
                  proxyProtocol: {
                    properties: { version: { enum: ['V1', 'V2'], type: 'string' } },
                    type: 'object',
                  },
                  retryBudget: {
                    properties: {
                      budgetInterval: { type: 'string' },
                      minRetryConcurrency: { maximum: 4294967295, minimum: 0, type: 'integer' },
                      percent: {
                        format: 'double',
                        maximum: 100,
                        minimum: 0,
                        nullable: true,
                        type: 'number',
                      },
                    },
                    type: 'object',
                  },
                  tls: {
                    properties: {
                      caCertificates: { type: 'string' },
                      caCrl: { type: 'string' },
                      clientCertificate: { type: 'string' },
                      credentialName: { type: 'string' },
                      insecureSkipVerify: { nullable: true, type: 'boolean' },
                      mode: {
                        enum: ['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'],
                        type: 'string',
                      },
                      privateKey: { type: 'string' },
                      sni: { type: 'string' },
                      subjectAltNames: { items: { type: 'string' }, type: 'array' },
                    },
                    type: 'object',
                  },
                  tunnel: {
                    properties: {
                      protocol: { type: 'string' },
                      targetHost: { type: 'string' },
                      targetPort: { maximum: 4294967295, minimum: 0, type: 'integer' },
                    },
                    required: ['targetHost', 'targetPort'],
                    type: 'object',
                  },
                },
                type: 'object',
              },
            },
            required: ['name'],
            type: 'object',
          },
          type: 'array',
        },
        trafficPolicy: {
          properties: {
            connectionPool: {
              properties: {
                http: {
                  properties: {
                    h2UpgradePolicy: {
                      enum: ['DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE'],
                      type: 'string',
                    },
                    http1MaxPendingRequests: { format: 'int32', type: 'integer' },
                    http2KeepAlive: {
                      properties: {
                        interval: {
                          type: 'string',
                          'x-kubernetes-validations': [
                            {
                              message: 'must be a valid duration greater than 1ms',
                              rule: "duration(self) >= duration('1ms')",
                            },
                          ],
                        },
                        timeout: {
                          type: 'string',
                          'x-kubernetes-validations': [
                            {
                              message: 'must be a valid duration greater than 1ms',
                              rule: "duration(self) >= duration('1ms')",
                            },
                          ],
                        },
                      },
                      type: 'object',
                    },
                    http2MaxRequests: { format: 'int32', type: 'integer' },
                    idleTimeout: {
                      type: 'string',
                      'x-kubernetes-validations': [
                        {
                          message: 'must be a valid duration greater than 1ms',
                          rule: "duration(self) >= duration('1ms')",
                        },
                      ],
                    },
                    maxConcurrentStreams: { format: 'int32', type: 'integer' },
                    maxRequestsPerConnection: { format: 'int32', type: 'integer' },
                    maxRetries: { format: 'int32', type: 'integer' },
                    useClientProtocol: { type: 'boolean' },
                  },
                  type: 'object',
                },
                tcp: {
                  properties: {
                    connectTimeout: {
                      type: 'string',
                      'x-kubernetes-validations': [
                        {
                          message: 'must be a valid duration greater than 1ms',
                          rule: "duration(self) >= duration('1ms')",
                        },
                      ],
                    },
                    idleTimeout: { type: 'string' },
                    maxConnectionDuration: {
                      type: 'string',
                      'x-kubernetes-validations': [
                        {
                          message: 'must be a valid duration greater than 1ms',
                          rule: "duration(self) >= duration('1ms')",
                        },
                      ],
                    },
                    maxConnections: { format: 'int32', type: 'integer' },
                    tcpKeepalive: {
                      properties: {
                        interval: {
                          type: 'string',
                          'x-kubernetes-validations': [
                            {
                              message: 'must be a valid duration greater than 1ms',
                              rule: "duration(self) >= duration('1ms')",
                            },
                          ],
                        },
                        probes: { maximum: 4294967295, minimum: 0, type: 'integer' },
                        time: {
                          type: 'string',
                          'x-kubernetes-validations': [
                            {
                              message: 'must be a valid duration greater than 1ms',
                              rule: "duration(self) >= duration('1ms')",
                            },
                          ],
                        },
                      },
                      type: 'object',
                    },
                  },
                  type: 'object',
                },
              },
              type: 'object',
            },
            loadBalancer: {
              oneOf: [
                { not: { anyOf: [{ required: ['simple'] }, { required: ['consistentHash'] }] } },
                { required: ['simple'] },
                { required: ['consistentHash'] },
              ],
              properties: {
                consistentHash: {
                  allOf: [
                    {
                      oneOf: [
                        {
                          not: {
                            anyOf: [
                              { required: ['httpHeaderName'] },
                              { required: ['httpCookie'] },
                              { required: ['useSourceIp'] },
                              { required: ['httpQueryParameterName'] },
                            ],
                          },
                        },
                        { required: ['httpHeaderName'] },
                        { required: ['httpCookie'] },
                        { required: ['useSourceIp'] },
                        { required: ['httpQueryParameterName'] },
                      ],
                    },
                    {
                      oneOf: [
                        { not: { anyOf: [{ required: ['ringHash'] }, { required: ['maglev'] }] } },
                        { required: ['ringHash'] },
                        { required: ['maglev'] },
                      ],
                    },
                  ],
                  properties: {
                    httpCookie: {
                      properties: {
                        attributes: {
                          items: {
                            properties: { name: { type: 'string' }, value: { type: 'string' } },
                            required: ['name'],
                            type: 'object',
                          },
                          type: 'array',
                        },
                        name: { type: 'string' },
                        path: { type: 'string' },
                        ttl: { type: 'string' },
                      },
                      required: ['name'],
                      type: 'object',
                    },
                    httpHeaderName: { type: 'string' },
                    httpQueryParameterName: { type: 'string' },
                    maglev: {
                      properties: { tableSize: { minimum: 0, type: 'integer' } },
                      type: 'object',
                    },
                    minimumRingSize: { minimum: 0, type: 'integer' },
                    ringHash: {
                      properties: { minimumRingSize: { minimum: 0, type: 'integer' } },
                      type: 'object',
                    },
                    useSourceIp: { type: 'boolean' },
                  },
                  type: 'object',
                },
                localityLbSetting: {
                  properties: {
                    distribute: {
                      items: {
                        properties: {
                          from: { type: 'string' },
                          to: {
                            additionalProperties: {
                              maximum: 4294967295,
                              minimum: 0,
                              type: 'integer',
                            },
                            type: 'object',
                          },
                        },
                        type: 'object',
                      },
                      type: 'array',
                    },
                    enabled: { nullable: true, type: 'boolean' },
                    failover: {
                      items: {
                        properties: { from: { type: 'string' }, to: { type: 'string' } },
                        type: 'object',
                      },
                      type: 'array',
                    },
                    failoverPriority: { items: { type: 'string' }, type: 'array' },
                  },
                  type: 'object',
                },
                simple: {
                  enum: [
                    'UNSPECIFIED',
                    'LEAST_CONN',
                    'RANDOM',
                    'PASSTHROUGH',
                    'ROUND_ROBIN',
                    'LEAST_REQUEST',
                  ],
                  type: 'string',
                },
                warmup: {
                  properties: {
                    aggression: { format: 'double', minimum: 0, nullable: true, type: 'number' },
                    duration: {
                      type: 'string',
                      'x-kubernetes-validations': [
                        {
                          message: 'must be a valid duration greater than 1ms',
                          rule: "duration(self) >= duration('1ms')",
                        },
                      ],
                    },
                    minimumPercent: {
                      format: 'double',
                      maximum: 100,
                      minimum: 0,
                      nullable: true,
                      type: 'number',
                    },
                  },
                  required: ['duration'],
                  type: 'object',
                },
                warmupDurationSecs: {
                  type: 'string',
                  'x-kubernetes-validations': [
                    {
                      message: 'must be a valid duration greater than 1ms',
                      rule: "duration(self) >= duration('1ms')",
                    },
                  ],
                },
                zoneAwareLbSetting: {
                  properties: {
                    enabled: { nullable: true, type: 'boolean' },
                    failover: {
                      items: {
                        properties: { from: { type: 'string' }, to: { type: 'string' } },
                        type: 'object',
                      },
                      type: 'array',
                    },
                    failoverPriority: { items: { type: 'string' }, type: 'array' },
                    minClusterSize: {
                      maximum: 4294967295,
                      minimum: 1,
                      nullable: true,
                      type: 'integer',
                    },
                  },
                  type: 'object',
                },
              },
              type: 'object',
            },
            outlierDetection: {
              properties: {
                baseEjectionTime: {
                  type: 'string',
                  'x-kubernetes-validations': [
                    {
                      message: 'must be a valid duration greater than 1ms',
                      rule: "duration(self) >= duration('1ms')",
                    },
                  ],
                },
                consecutive5xxErrors: {
                  maximum: 4294967295,
                  minimum: 0,
                  nullable: true,
                  type: 'integer',
                },
                consecutiveErrors: { format: 'int32', type: 'integer' },
                consecutiveGatewayErrors: {
                  maximum: 4294967295,
                  minimum: 0,
                  nullable: true,
                  type: 'integer',
                },
                consecutiveLocalOriginFailures: {
                  maximum: 4294967295,
                  minimum: 0,
                  nullable: true,
                  type: 'integer',
                },
                interval: {
                  type: 'string',
                  'x-kubernetes-validations': [
                    {
                      message: 'must be a valid duration greater than 1ms',
                      rule: "duration(self) >= duration('1ms')",
                    },
                  ],
                },
                maxEjectionPercent: { format: 'int32', type: 'integer' },
                minHealthPercent: { format: 'int32', type: 'integer' },
                outlierDetectionHttpErrorCodes: {
                  items: { maximum: 599, minimum: 100, type: 'integer' },
                  type: 'array',
                },
                splitExternalLocalOriginErrors: { type: 'boolean' },
              },
              type: 'object',
            },
            portLevelSettings: {
              items: {
                properties: {
                  connectionPool: {
                    properties: {
                      http: {
                        properties: {
                          h2UpgradePolicy: {
                            enum: ['DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE'],
                            type: 'string',
                          },
                          http1MaxPendingRequests: { format: 'int32', type: 'integer' },
                          http2KeepAlive: {
                            properties: {
                              interval: {
                                type: 'string',
                                'x-kubernetes-validations': [
                                  {
                                    message: 'must be a valid duration greater than 1ms',
                                    rule: "duration(self) >= duration('1ms')",
                                  },
                                ],
                              },
                              timeout: {
                                type: 'string',
                                'x-kubernetes-validations': [
                                  {
                                    message: 'must be a valid duration greater than 1ms',
                                    rule: "duration(self) >= duration('1ms')",
                                  },
                                ],
                              },
                            },
                            type: 'object',
                          },
                          http2MaxRequests: { format: 'int32', type: 'integer' },
                          idleTimeout: {
                            type: 'string',
                            'x-kubernetes-validations': [
                              {
                                message: 'must be a valid duration greater than 1ms',
                                rule: "duration(self) >= duration('1ms')",
                              },
                            ],
                          },
                          maxConcurrentStreams: { format: 'int32', type: 'integer' },
                          maxRequestsPerConnection: { format: 'int32', type: 'integer' },
                          maxRetries: { format: 'int32', type: 'integer' },
                          useClientProtocol: { type: 'boolean' },
                        },
                        type: 'object',
                      },
                      tcp: {
                        properties: {
                          connectTimeout: {
                            type: 'string',
                            'x-kubernetes-validations': [
                              {
                                message: 'must be a valid duration greater than 1ms',
                                rule: "duration(self) >= duration('1ms')",
                              },
                            ],
                          },
                          idleTimeout: { type: 'string' },
                          maxConnectionDuration: {
                            type: 'string',
                            'x-kubernetes-validations': [
                              {
                                message: 'must be a valid duration greater than 1ms',
                                rule: "duration(self) >= duration('1ms')",
                              },
                            ],
                          },
                          maxConnections: { format: 'int32', type: 'integer' },
                          tcpKeepalive: {
                            properties: {
                              interval: {
                                type: 'string',
                                'x-kubernetes-validations': [
                                  {
                                    message: 'must be a valid duration greater than 1ms',
                                    rule: "duration(self) >= duration('1ms')",
                                  },
                                ],
                              },
                              probes: { maximum: 4294967295, minimum: 0, type: 'integer' },
                              time: {
                                type: 'string',
                                'x-kubernetes-validations': [
                                  {
                                    message: 'must be a valid duration greater than 1ms',
                                    rule: "duration(self) >= duration('1ms')",
                                  },
                                ],
                              },
                            },
                            type: 'object',
                          },
                        },
                        type: 'object',
                      },
                    },
                    type: 'object',
                  },
                  loadBalancer: {
                    oneOf: [
                      {
                        not: {
                          anyOf: [{ required: ['simple'] }, { required: ['consistentHash'] }],
                        },
                      },
                      { required: ['simple'] },
                      { required: ['consistentHash'] },
                    ],
                    properties: {
                      consistentHash: {
                        allOf: [
                          {
                            oneOf: [
                              {
                                not: {
                                  anyOf: [
                                    { required: ['httpHeaderName'] },
                                    { required: ['httpCookie'] },
                                    { required: ['useSourceIp'] },
                                    { required: ['httpQueryParameterName'] },
                                  ],
                                },
                              },
                              { required: ['httpHeaderName'] },
                              { required: ['httpCookie'] },
                              { required: ['useSourceIp'] },
                              { required: ['httpQueryParameterName'] },
                            ],
                          },
                          {
                            oneOf: [
                              {
                                not: {
                                  anyOf: [{ required: ['ringHash'] }, { required: ['maglev'] }],
                                },
                              },
                              { required: ['ringHash'] },
                              { required: ['maglev'] },
                            ],
                          },
                        ],
                        properties: {
                          httpCookie: {
                            properties: {
                              attributes: {
                                items: {
                                  properties: {
                                    name: { type: 'string' },
                                    value: { type: 'string' },
                                  },
                                  required: ['name'],
                                  type: 'object',
                                },
                                type: 'array',
                              },
                              name: { type: 'string' },
                              path: { type: 'string' },
                              ttl: { type: 'string' },
                            },
                            required: ['name'],
                            type: 'object',
                          },
                          httpHeaderName: { type: 'string' },
                          httpQueryParameterName: { type: 'string' },
                          maglev: {
                            properties: { tableSize: { minimum: 0, type: 'integer' } },
                            type: 'object',
                          },
                          minimumRingSize: { minimum: 0, type: 'integer' },
                          ringHash: {
                            properties: { minimumRingSize: { minimum: 0, type: 'integer' } },
                            type: 'object',
                          },
                          useSourceIp: { type: 'boolean' },
                        },
                        type: 'object',
                      },
                      localityLbSetting: {
                        properties: {
                          distribute: {
                            items: {
                              properties: {
                                from: { type: 'string' },
                                to: {
                                  additionalProperties: {
                                    maximum: 4294967295,
                                    minimum: 0,
                                    type: 'integer',
                                  },
                                  type: 'object',
                                },
                              },
                              type: 'object',
                            },
                            type: 'array',
                          },
                          enabled: { nullable: true, type: 'boolean' },
                          failover: {
                            items: {
                              properties: { from: { type: 'string' }, to: { type: 'string' } },
                              type: 'object',
                            },
                            type: 'array',
                          },
                          failoverPriority: { items: { type: 'string' }, type: 'array' },
                        },
                        type: 'object',
                      },
                      simple: {
                        enum: [
                          'UNSPECIFIED',
                          'LEAST_CONN',
                          'RANDOM',
                          'PASSTHROUGH',
                          'ROUND_ROBIN',
                          'LEAST_REQUEST',
                        ],
                        type: 'string',
                      },
                      warmup: {
                        properties: {
                          aggression: {
                            format: 'double',
                            minimum: 0,
                            nullable: true,
                            type: 'number',
                          },
                          duration: {
                            type: 'string',
                            'x-kubernetes-validations': [
                              {
                                message: 'must be a valid duration greater than 1ms',
                                rule: "duration(self) >= duration('1ms')",
                              },
                            ],
                          },
                          minimumPercent: {
                            format: 'double',
                            maximum: 100,
                            minimum: 0,
                            nullable: true,
                            type: 'number',
                          },
                        },
                        required: ['duration'],
                        type: 'object',
                      },
                      warmupDurationSecs: {
                        type: 'string',
                        'x-kubernetes-validations': [
                          {
                            message: 'must be a valid duration greater than 1ms',
                            rule: "duration(self) >= duration('1ms')",
                          },
                        ],
                      },
                      zoneAwareLbSetting: {
                        properties: {
                          enabled: { nullable: true, type: 'boolean' },
                          failover: {
                            items: {
                              properties: { from: { type: 'string' }, to: { type: 'string' } },
                              type: 'object',
                            },
                            type: 'array',
                          },
                          failoverPriority: { items: { type: 'string' }, type: 'array' },
                          minClusterSize: {
                            maximum: 4294967295,
                            minimum: 1,
                            nullable: true,
                            type: 'integer',
                          },
                        },
                        type: 'object',
                      },
                    },
                    type: 'object',
                  },
                  outlierDetection: {
                    properties: {
                      baseEjectionTime: {
                        type: 'string',
                        'x-kubernetes-validations': [
                          {
                            message: 'must be a valid duration greater than 1ms',
                            rule: "duration(self) >= duration('1ms')",
                          },
                        ],
                      },
                      consecutive5xxErrors: {
                        maximum: 4294967295,
                        minimum: 0,
                        nullable: true,
                        type: 'integer',
                      },
                      consecutiveErrors: { format: 'int32', type: 'integer' },
                      consecutiveGatewayErrors: {
                        maximum: 4294967295,
                        minimum: 0,
                        nullable: true,
                        type: 'integer',
                      },
                      consecutiveLocalOriginFailures: {
                        maximum: 4294967295,
                        minimum: 0,
                        nullable: true,
                        type: 'integer',
                      },
                      interval: {
                        type: 'string',
                        'x-kubernetes-validations': [
                          {
                            message: 'must be a valid duration greater than 1ms',
                            rule: "duration(self) >= duration('1ms')",
                          },
                        ],
                      },
                      maxEjectionPercent: { format: 'int32', type: 'integer' },
                      minHealthPercent: { format: 'int32', type: 'integer' },
                      outlierDetectionHttpErrorCodes: {
                        items: { maximum: 599, minimum: 100, type: 'integer' },
                        type: 'array',
                      },
                      splitExternalLocalOriginErrors: { type: 'boolean' },
                    },
                    type: 'object',
                  },
                  port: {
                    properties: { number: { maximum: 4294967295, minimum: 0, type: 'integer' } },
                    type: 'object',
                  },
                  tls: {
                    properties: {
                      caCertificates: { type: 'string' },
                      caCrl: { type: 'string' },
                      clientCertificate: { type: 'string' },
                      credentialName: { type: 'string' },
                      insecureSkipVerify: { nullable: true, type: 'boolean' },
                      mode: {
                        enum: ['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'],
                        type: 'string',
                      },
                      privateKey: { type: 'string' },
                      sni: { type: 'string' },
                      subjectAltNames: { items: { type: 'string' }, type: 'array' },
                    },
                    type: 'object',
                  },
                },
                type: 'object',
              },
              maxItems: 4096,
              type: 'array',
            },
            proxyProtocol: {
              properties: { version: { enum: ['V1', 'V2'], type: 'string' } },
              type: 'object',
            },
            retryBudget: {
              properties: {
                budgetInterval: { type: 'string' },
                minRetryConcurrency: { maximum: 4294967295, minimum: 0, type: 'integer' },
                percent: {
                  format: 'double',
                  maximum: 100,
                  minimum: 0,
                  nullable: true,
                  type: 'number',
                },
              },
              type: 'object',
            },
            tls: {
              properties: {
                caCertificates: { type: 'string' },
                caCrl: { type: 'string' },
                clientCertificate: { type: 'string' },
                credentialName: { type: 'string' },
                insecureSkipVerify: { nullable: true, type: 'boolean' },
                mode: { enum: ['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'], type: 'string' },
                privateKey: { type: 'string' },
                sni: { type: 'string' },
                subjectAltNames: { items: { type: 'string' }, type: 'array' },
              },
              type: 'object',
            },
            tunnel: {
              properties: {
                protocol: { type: 'string' },
                targetHost: { type: 'string' },
                targetPort: { maximum: 4294967295, minimum: 0, type: 'integer' },
              },
              required: ['targetHost', 'targetPort'],
              type: 'object',
            },
          },
          type: 'object',
        },
        workloadSelector: {
          properties: {
            matchLabels: {
              additionalProperties: {
                maxLength: 63,
                type: 'string',
                'x-kubernetes-validations': [
                  {
                    message: 'wildcard not allowed in label value match',
                    rule: '!self.contains("*")',
                  },
                ],
              },
              maxProperties: 4096,
              type: 'object',
              'x-kubernetes-validations': [
                {
                  message: 'wildcard not allowed in label key match',
                  rule: 'self.all(key, !key.contains("*"))',
                },
                { message: 'key must not be empty', rule: 'self.all(key, key.size() != 0)' },
              ],
            },
          },
          type: 'object',
        },
      },
      required: ['host'],
      type: 'object',
    },
  },
  Gateway: {
    group: 'networking.istio.io',
    versions: ['v1', 'v1alpha3', 'v1beta1'],
    spec: {
      properties: {
        selector: { additionalProperties: { type: 'string' }, type: 'object' },
        servers: {
          items: {
            properties: {
              bind: { type: 'string' },
              defaultEndpoint: { type: 'string' },
              hosts: { items: { type: 'string' }, type: 'array' },
              name: { type: 'string' },
              port: {
                properties: {
                  name: { type: 'string' },
                  number: { maximum: 4294967295, minimum: 0, type: 'integer' },
                  protocol: { type: 'string' },
                  targetPort: { maximum: 4294967295, minimum: 0, type: 'integer' },
                },
                required: ['number', 'protocol', 'name'],
                type: 'object',
              },
              tls: {
                properties: {
                  caCertCredentialName: { type: 'string' },
                  caCertificates: { type: 'string' },
                  caCrl: { type: 'string' },
                  cipherSuites: { items: { type: 'string' }, type: 'array' },
                  credentialName: { type: 'string' },
                  credentialNames: {
                    items: { type: 'string' },
                    maxItems: 2,
                    minItems: 1,
                    type: 'array',
                  },
                  httpsRedirect: { type: 'boolean' },
                  insecureSkipVerify: { nullable: true, type: 'boolean' },
                  maxProtocolVersion: {
                    enum: ['TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3'],
                    type: 'string',
                  },
                  minProtocolVersion: {
                    enum: ['TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3'],
                    type: 'string',
                  },
                  mode: {
                    enum: [
                      'PASSTHROUGH',
                      'SIMPLE',
                      'MUTUAL',
                      'AUTO_PASSTHROUGH',
                      'ISTIO_MUTUAL',
                      'OPTIONAL_MUTUAL',
                    ],
                    type: 'string',
                  },
                  privateKey: { type: 'string' },
                  serverCertificate: { type: 'string' },
                  subjectAltNames: { items: { type: 'string' }, type: 'array' },
                  tlsCertificates: {
                    items: {
                      properties: {
                        caCertificates: { type: 'string' },
                        privateKey: { type: 'string' },
                        serverCertificate: { type: 'string' },
                      },
                      type: 'object',
                    },
                    maxItems: 2,
                    minItems: 1,
                    type: 'array',
                  },
                  verifyCertificateHash: { items: { type: 'string' }, type: 'array' },
                  verifyCertificateSpki: { items: { type: 'string' }, type: 'array' },
                },
                type: 'object',
                'x-kubernetes-validations': [
                  {
                    message: 'only one of credentialNames or tlsCertificates can be set',
                    rule: '(has(self.tlsCertificates) ? 1 : 0) + (has(self.credentialNames) ? 1 : 0) <= 1',
                  },
                  {
                    message: 'only one of credentialName or credentialNames can be set',
                    rule: '(has(self.credentialName) ? 1 : 0) + (has(self.credentialNames) ? 1 : 0) <= 1',
                  },
                  {
                    message: 'only one of credentialName or tlsCertificates can be set',
                    rule: '(has(self.credentialNames) ? 1 : 0) + (has(self.tlsCertificates) ? 1 : 0) <= 1',
                  },
                ],
              },
            },
            required: ['port', 'hosts'],
            type: 'object',
          },
          type: 'array',
        },
      },
      type: 'object',
    },
  },
  PeerAuthentication: {
    group: 'security.istio.io',
    versions: ['v1', 'v1beta1'],
    spec: {
      properties: {
        mtls: {
          properties: {
            mode: { enum: ['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'], type: 'string' },
          },
          type: 'object',
        },
        portLevelMtls: {
          additionalProperties: {
            properties: {
              mode: { enum: ['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'], type: 'string' },
            },
            type: 'object',
          },
          minProperties: 1,
          type: 'object',
          'x-kubernetes-validations': [
            {
              message: 'port must be between 1-65535',
              rule: 'self.all(key, 0 < int(key) && int(key) <= 65535)',
            },
          ],
        },
        selector: {
          properties: {
            matchLabels: {
              additionalProperties: {
                maxLength: 63,
                type: 'string',
                'x-kubernetes-validations': [
                  {
                    message: 'wildcard not allowed in label value match',
                    rule: '!self.contains("*")',
                  },
                ],
              },
              maxProperties: 4096,
              type: 'object',
              'x-kubernetes-validations': [
                {
                  message: 'wildcard not allowed in label key match',
                  rule: 'self.all(key, !key.contains("*"))',
                },
                { message: 'key must not be empty', rule: 'self.all(key, key.size() != 0)' },
              ],
            },
          },
          type: 'object',
        },
      },
      type: 'object',
      'x-kubernetes-validations': [
        {
          message: 'portLevelMtls requires selector',
          rule: 'has(self.portLevelMtls) ? (((has(self.selector) && has(self.selector.matchLabels)) ? self.selector.matchLabels : {}).size() > 0) : true',
        },
      ],
    },
  },
  RequestAuthentication: {
    group: 'security.istio.io',
    versions: ['v1', 'v1beta1'],
    spec: {
      properties: {
        jwtRules: {
          items: {
            properties: {
              audiences: { items: { minLength: 1, type: 'string' }, type: 'array' },
              forwardOriginalToken: { type: 'boolean' },
              fromCookies: { items: { minLength: 1, type: 'string' }, type: 'array' },
              fromHeaders: {
                items: {
                  properties: {
                    name: { minLength: 1, type: 'string' },
                    prefix: { type: 'string' },
                  },
                  required: ['name'],
                  type: 'object',
                },
                type: 'array',
              },
              fromParams: { items: { minLength: 1, type: 'string' }, type: 'array' },
              issuer: { minLength: 1, type: 'string' },
              jwks: { type: 'string' },
              jwks_uri: {
                maxLength: 2048,
                minLength: 1,
                type: 'string',
                'x-kubernetes-validations': [
                  {
                    message: 'url must have scheme http:// or https://',
                    rule: 'url(self).getScheme() in ["http", "https"]',
                  },
                ],
              },
              jwksUri: {
                maxLength: 2048,
                minLength: 1,
                type: 'string',
                'x-kubernetes-validations': [
                  {
                    message: 'url must have scheme http:// or https://',
                    rule: 'url(self).getScheme() in ["http", "https"]',
                  },
                ],
              },
              outputClaimToHeaders: {
                items: {
                  properties: {
                    claim: { minLength: 1, type: 'string' },
                    header: { minLength: 1, pattern: '^[-_A-Za-z0-9]+$', type: 'string' },
                  },
                  required: ['header', 'claim'],
                  type: 'object',
                },
                type: 'array',
              },
              outputPayloadToHeader: { type: 'string' },
              spaceDelimitedClaims: {
                items: { minLength: 1, type: 'string' },
                maxItems: 64,
                type: 'array',
              },
              timeout: {
                type: 'string',
                'x-kubernetes-validations': [
                  {
                    message: 'must be a valid duration greater than 1ms',
                    rule: "duration(self) >= duration('1ms')",
                  },
                ],
              },
            },
            type: 'object',
            'x-kubernetes-validations': [
              {
                message: 'only one of jwks or jwksUri can be set',
                rule: '(has(self.jwksUri) ? 1 : 0) + (has(self.jwks_uri) ? 1 : 0) + (has(self.jwks) ? 1 : 0) <= 1',
              },
            ],
          },
          maxItems: 4096,
          type: 'array',
        },
        selector: {
          properties: {
            matchLabels: {
              additionalProperties: {
                maxLength: 63,
                type: 'string',
                'x-kubernetes-validations': [
                  {
                    message: 'wildcard not allowed in label value match',
                    rule: '!self.contains("*")',
                  },
                ],
              },
              maxProperties: 4096,
              type: 'object',
              'x-kubernetes-validations': [
                {
                  message: 'wildcard not allowed in label key match',
                  rule: 'self.all(key, !key.contains("*"))',
                },
                { message: 'key must not be empty', rule: 'self.all(key, key.size() != 0)' },
              ],
            },
          },
          type: 'object',
        },
        targetRef: {
          properties: {
            group: {
              maxLength: 253,
              pattern: '^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
              type: 'string',
            },
            kind: {
              maxLength: 63,
              minLength: 1,
              pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$',
              type: 'string',
            },
            name: { maxLength: 253, minLength: 1, type: 'string' },
            namespace: {
              type: 'string',
              'x-kubernetes-validations': [
                {
                  message: 'cross namespace referencing is not currently supported',
                  rule: 'self.size() == 0',
                },
              ],
            },
          },
          required: ['kind', 'name'],
          type: 'object',
        },
        targetRefs: {
          items: {
            properties: {
              group: {
                maxLength: 253,
                pattern: '^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
                type: 'string',
              },
              kind: {
                maxLength: 63,
                minLength: 1,
                pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$',
                type: 'string',
              },
              name: { maxLength: 253, minLength: 1, type: 'string' },
              namespace: {
                type: 'string',
                'x-kubernetes-validations': [
                  {
                    message: 'cross namespace referencing is not currently supported',
                    rule: 'self.size() == 0',
                  },
                ],
              },
            },
            required: ['kind', 'name'],
            type: 'object',
          },
          maxItems: 16,
          type: 'array',
        },
      },
      type: 'object',
      'x-kubernetes-validations': [
        {
          message: 'only one of targetRefs or selector can be set',
          rule: '(has(self.selector) ? 1 : 0) + (has(self.targetRef) ? 1 : 0) + (has(self.targetRefs) ? 1 : 0) <= 1',
        },
      ],
    },
  },
  ServiceEntry: {
    group: 'networking.istio.io',
    versions: ['v1', 'v1alpha3', 'v1beta1'],
    spec: {
      properties: {
        addresses: { items: { maxLength: 64, type: 'string' }, maxItems: 256, type: 'array' },
        endpoints: {
          items: {
            properties: {
              address: {
                maxLength: 256,
                type: 'string',
                'x-kubernetes-validations': [
                  {
                    message: 'UDS must be an absolute path or abstract socket',
                    rule: 'self.startsWith("unix://") ? (self.substring(7, 8) == "/" || self.substring(7, 8) == "@") : true',
                  },
                  {
                    message: 'UDS may not be a dir',
                    rule: 'self.startsWith("unix://") ? !self.endsWith("/") : true',
                  },
                ],
              },
              labels: {
                additionalProperties: { type: 'string' },
                maxProperties: 256,
                type: 'object',
              },
              locality: { maxLength: 2048, type: 'string' },
              network: { maxLength: 2048, type: 'string' },
              ports: {
                additionalProperties: {
                  maximum: 4294967295,
                  minimum: 0,
                  type: 'integer',
                  'x-kubernetes-validations': [
                    { message: 'port must be between 1-65535', rule: '0 < self && self <= 65535' },
                  ],
                },
                maxProperties: 128,
                type: 'object',
                'x-kubernetes-validations': [
                  {
                    message: 'port name must be valid',
                    rule: 'self.all(key, size(key) < 63 && key.matches("^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$"))',
                  },
                ],
              },
              serviceAccount: { maxLength: 253, type: 'string' },
              weight: { maximum: 4294967295, minimum: 0, type: 'integer' },
            },
            type: 'object',
            'x-kubernetes-validations': [
              { message: 'Address is required', rule: 'has(self.address) || has(self.network)' },
              {
                message: 'UDS may not include ports',
                rule: '(has(self.address) ? self.address : "").startsWith("unix://") ? !has(self.ports) : true',
              },
            ],
          },
          maxItems: 4096,
          type: 'array',
        },
        exportTo: { items: { type: 'string' }, type: 'array' },
        hosts: {
          items: {
            type: 'string',
            'x-kubernetes-validations': [
              { message: 'hostname cannot be wildcard', rule: 'self != "*"' },
            ],
          },
          maxItems: 256,
          minItems: 1,
          type: 'array',
        },
        location: { enum: ['MESH_EXTERNAL', 'MESH_INTERNAL'], type: 'string' },
        ports: {
          items: {
            properties: {
              name: { maxLength: 256, type: 'string' },
              number: {
                maximum: 4294967295,
                minimum: 0,
                type: 'integer',
                'x-kubernetes-validations': [
                  { message: 'port must be between 1-65535', rule: '0 < self && self <= 65535' },
                ],
              },
              protocol: { maxLength: 256, type: 'string' },
              targetPort: {
                maximum: 4294967295,
                minimum: 0,
                type: 'integer',
                'x-kubernetes-validations': [
                  { message: 'port must be between 1-65535', rule: '0 < self && self <= 65535' },
                ],
              },
            },
            required: ['number', 'name'],
            type: 'object',
          },
          maxItems: 256,
          type: 'array',
          'x-kubernetes-list-map-keys': ['name'],
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-validations': [
            {
              message: 'port number cannot be duplicated',
              rule: 'self.all(l1, self.exists_one(l2, l1.number == l2.number))',
            },
          ],
        },
        resolution: {
          enum: ['NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'],
          type: 'string',
        },
        subjectAltNames: { items: { type: 'string' }, type: 'array' },
        workloadSelector: {
          properties: {
            labels: {
              additionalProperties: {
                maxLength: 63,
                type: 'string',
                'x-kubernetes-validations': [
                  { message: 'wildcard is not supported in selector', rule: '!self.contains("*")' },
                ],
              },
              maxProperties: 256,
              type: 'object',
            },
          },
          type: 'object',
        },
      },
      required: ['hosts'],
      type: 'object',
      'x-kubernetes-validations': [
        {
          message: 'only one of WorkloadSelector or Endpoints can be set',
          rule: '(has(self.workloadSelector) ? 1 : 0) + (has(self.endpoints) ? 1 : 0) <= 1',
        },
        {
          message: 'CIDR addresses are allowed only for NONE/STATIC resolution types',
          rule: '!((has(self.addresses) ? self.addresses : []).exists(k, k.contains("/")) && !((has(self.resolution) ? self.resolution : "NONE") in ["STATIC", "NONE"]))',
        },
        {
          message: 'NONE mode cannot set endpoints',
          rule: '((has(self.resolution) ? self.resolution : "NONE") == "NONE") ? !has(self.endpoints) : true',
        },
        {
          message: 'DNS_ROUND_ROBIN mode cannot have multiple endpoints',
          rule: '((has(self.resolution) ? self.resolution : "") == "DNS_ROUND_ROBIN") ? ((has(self.endpoints) ? self.endpoints : []).size() <= 1) : true',
        },
      ],
    },
  },
  VirtualService: {
    group: 'networking.istio.io',
    versions: ['v1', 'v1alpha3', 'v1beta1'],
    spec: {
      properties: {
        exportTo: { items: { type: 'string' }, type: 'array' },
        gateways: { items: { type: 'string' }, type: 'array' },
        hosts: { items: { type: 'string' }, type: 'array' },
        http: {
          items: {
            properties: {
              corsPolicy: {
                properties: {
                  allowCredentials: { nullable: true, type: 'boolean' },
                  allowHeaders: { items: { type: 'string' }, type: 'array' },
                  allowMethods: { items: { type: 'string' }, type: 'array' },
                  allowOrigin: { items: { type: 'string' }, type: 'array' },
                  allowOrigins: {
                    items: {
                      oneOf: [
                        {
                          not: {
                            anyOf: [
                              { required: ['exact'] },
                              { required: ['prefix'] },
                              { required: ['regex'] },
                            ],
                          },
                        },
                        { required: ['exact'] },
                        { required: ['prefix'] },
                        { required: ['regex'] },
                      ],
                      properties: {
                        exact: { type: 'string' },
                        prefix: { type: 'string' },
                        regex: { type: 'string' },
                      },
                      type: 'object',
                    },
                    type: 'array',
                  },
                  exposeHeaders: { items: { type: 'string' }, type: 'array' },
                  maxAge: {
                    type: 'string',
                    'x-kubernetes-validations': [
                      {
                        message: 'must be a valid duration greater than 1ms',
                        rule: "duration(self) >= duration('1ms')",
                      },
                    ],
                  },
                  unmatchedPreflights: {
                    enum: ['UNSPECIFIED', 'FORWARD', 'IGNORE'],
                    type: 'string',
                  },
                },
                type: 'object',
              },
              delegate: {
                properties: { name: { type: 'string' }, namespace: { type: 'string' } },
                type: 'object',
              },
              directResponse: {
                properties: {
                  body: {
                    oneOf: [
                      { not: { anyOf: [{ required: ['string'] }, { required: ['bytes'] }] } },
                      { required: ['string'] },
                      { required: ['bytes'] },
                    ],
                    properties: {
                      bytes: { format: 'byte', type: 'string' },
                      string: { type: 'string' },
                    },
                    type: 'object',
                  },
                  status: { maximum: 4294967295, minimum: 0, type: 'integer' },
                },
                required: ['status'],
                type: 'object',
              },
              fault: {
                properties: {
                  abort: {
                    oneOf: [
                      {
                        not: {
                          anyOf: [
                            { required: ['httpStatus'] },
                            { required: ['grpcStatus'] },
                            { required: ['http2Error'] },
                          ],
                        },
                      },
                      { required: ['httpStatus'] },
                      { required: ['grpcStatus'] },
                      { required: ['http2Error'] },
                    ],
                    properties: {
                      grpcStatus: { type: 'string' },
                      http2Error: { type: 'string' },
                      httpStatus: { format: 'int32', type: 'integer' },
                      percentage: {
                        properties: { value: { format: 'double', type: 'number' } },
                        type: 'object',
                      },
                    },
                    type: 'object',
                  },
                  delay: {
                    oneOf: [
                      {
                        not: {
                          anyOf: [{ required: ['fixedDelay'] }, { required: ['exponentialDelay'] }],
                        },
                      },
                      { required: ['fixedDelay'] },
                      { required: ['exponentialDelay'] },
                    ],
                    properties: {
                      exponentialDelay: {
                        type: 'string',
                        'x-kubernetes-validations': [
                          {
                            message: 'must be a valid duration greater than 1ms',
                            rule: "duration(self) >= duration('1ms')",
                          },
                        ],
                      },
                      fixedDelay: {
                        type: 'string',
                        'x-kubernetes-validations': [
                          {
                            message: 'must be a valid duration greater than 1ms',
                            rule: "duration(self) >= duration('1ms')",
                          },
                        ],
                      },
                      percent: { format: 'int32', type: 'integer' },
                      percentage: {
                        properties: { value: { format: 'double', type: 'number' } },
                        type: 'object',
                      },
                    },
                    type: 'object',
                  },
                },
                type: 'object',
              },
              headers: {
                properties: {
                  request: {
                    properties: {
                      add: { additionalProperties: { type: 'string' }, type: 'object' },
                      remove: { items: { type: 'string' }, type: 'array' },
                      set: { additionalProperties: { type: 'string' }, type: 'object' },
                    },
                    type: 'object',
                  },
                  response: {
                    properties: {
                      add: { additionalProperties: { type: 'string' }, type: 'object' },
                      remove: { items: { type: 'string' }, type: 'array' },
                      set: { additionalProperties: { type: 'string' }, type: 'object' },
                    },
                    type: 'object',
                  },
                },
                type: 'object',
              },
              match: {
                items: {
                  properties: {
                    authority: {
                      oneOf: [
                        {
                          not: {
                            anyOf: [
                              { required: ['exact'] },
                              { required: ['prefix'] },
                              { required: ['regex'] },
                            ],
                          },
                        },
                        { required: ['exact'] },
                        { required: ['prefix'] },
                        { required: ['regex'] },
                      ],
                      properties: {
                        exact: { type: 'string' },
                        prefix: { type: 'string' },
                        regex: { type: 'string' },
                      },
                      type: 'object',
                    },
                    gateways: { items: { type: 'string' }, type: 'array' },
                    headers: {
                      additionalProperties: {
                        oneOf: [
                          {
                            not: {
                              anyOf: [
                                { required: ['exact'] },
                                { required: ['prefix'] },
                                { required: ['regex'] },
                              ],
                            },
                          },
                          { required: ['exact'] },
                          { required: ['prefix'] },
                          { required: ['regex'] },
                        ],
                        properties: {
                          exact: { type: 'string' },
                          prefix: { type: 'string' },
                          regex: { type: 'string' },
                        },
                        type: 'object',
                      },
                      type: 'object',
                    },
                    ignoreUriCase: { type: 'boolean' },
                    method: {
                      oneOf: [
                        {
                          not: {
                            anyOf: [
                              { required: ['exact'] },
                              { required: ['prefix'] },
                              { required: ['regex'] },
                            ],
                          },
                        },
                        { required: ['exact'] },
                        { required: ['prefix'] },
                        { required: ['regex'] },
                      ],
                      properties: {
                        exact: { type: 'string' },
                        prefix: { type: 'string' },
                        regex: { type: 'string' },
                      },
                      type: 'object',
                    },
                    name: { type: 'string' },
                    port: { maximum: 4294967295, minimum: 0, type: 'integer' },
                    queryParams: {
                      additionalProperties: {
                        oneOf: [
                          {
                            not: {
                              anyOf: [
                                { required: ['exact'] },
                                { required: ['prefix'] },
                                { required: ['regex'] },
                              ],
                            },
                          },
                          { required: ['exact'] },
                          { required: ['prefix'] },
                          { required: ['regex'] },
                        ],
                        properties: {
                          exact: { type: 'string' },
                          prefix: { type: 'string' },
                          regex: { type: 'string' },
                        },
                        type: 'object',
                      },
                      type: 'object',
                    },
                    scheme: {
                      oneOf: [
                        {
                          not: {
                            anyOf: [
                              { required: ['exact'] },
                              { required: ['prefix'] },
                              { required: ['regex'] },
                            ],
                          },
                        },
                        { required: ['exact'] },
                        { required: ['prefix'] },
                        { required: ['regex'] },
                      ],
                      properties: {
                        exact: { type: 'string' },
                        prefix: { type: 'string' },
                        regex: { type: 'string' },
                      },
                      type: 'object',
                    },
                    sourceLabels: { additionalProperties: { type: 'string' }, type: 'object' },
                    sourceNamespace: { type: 'string' },
                    statPrefix: { type: 'string' },
                    uri: {
                      oneOf: [
                        {
                          not: {
                            anyOf: [
                              { required: ['exact'] },
                              { required: ['prefix'] },
                              { required: ['regex'] },
                            ],
                          },
                        },
                        { required: ['exact'] },
                        { required: ['prefix'] },
                        { required: ['regex'] },
                      ],
                      properties: {
                        exact: { type: 'string' },
                        prefix: { type: 'string' },
                        regex: { type: 'string' },
                      },
                      type: 'object',
                    },
                    withoutHeaders: {
                      additionalProperties: {
                        oneOf: [
                          {
                            not: {
                              anyOf: [
                                { required: ['exact'] },
                                { required: ['prefix'] },
                                { required: ['regex'] },
                              ],
                            },
                          },
                          { required: ['exact'] },
                          { required: ['prefix'] },
                          { required: ['regex'] },
                        ],
                        properties: {
                          exact: { type: 'string' },
                          prefix: { type: 'string' },
                          regex: { type: 'string' },
                        },
                        type: 'object',
                      },
                      type: 'object',
                    },
                  },
                  type: 'object',
                },
                type: 'array',
              },
              mirror: {
                properties: {
                  host: { type: 'string' },
                  port: {
                    properties: { number: { maximum: 4294967295, minimum: 0, type: 'integer' } },
                    type: 'object',
                  },
                  subset: { type: 'string' },
                },
                required: ['host'],
                type: 'object',
              },
              mirror_percent: { maximum: 4294967295, minimum: 0, nullable: true, type: 'integer' },
              mirrorPercent: { maximum: 4294967295, minimum: 0, nullable: true, type: 'integer' },
              mirrorPercentage: {
                properties: { value: { format: 'double', type: 'number' } },
                type: 'object',
              },
              mirrors: {
                items: {
                  properties: {
                    destination: {
                      properties: {
                        host: { type: 'string' },
                        port: {
                          properties: {
                            number: { maximum: 4294967295, minimum: 0, type: 'integer' },
                          },
                          type: 'object',
                        },
                        subset: { type: 'string' },
                      },
                      required: ['host'],
                      type: 'object',
                    },
                    percentage: {
                      properties: { value: { format: 'double', type: 'number' } },
                      type: 'object',
                    },
                  },
                  required: ['destination'],
                  type: 'object',
                },
                type: 'array',
              },
              name: { type: 'string' },
              redirect: {
                oneOf: [
                  { not: { anyOf: [{ required: ['port'] }, { required: ['derivePort'] }] } },
                  { required: ['port'] },
                  { required: ['derivePort'] },
                ],
                properties: {
                  authority: { type: 'string' },
                  derivePort: {
                    enum: ['FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT'],
                    type: 'string',
                  },
                  port: { maximum: 4294967295, minimum: 0, type: 'integer' },
                  prefixRewrite: { type: 'string' },
                  redirectCode: { maximum: 4294967295, minimum: 0, type: 'integer' },
                  scheme: { type: 'string' },
                  uri: { type: 'string' },
                },
                type: 'object',
              },
              retries: {
                properties: {
                  attempts: { format: 'int32', type: 'integer' },
                  backoff: {
                    type: 'string',
                    'x-kubernetes-validations': [
                      {
                        message: 'must be a valid duration greater than 1ms',
                        rule: "duration(self) >= duration('1ms')",
                      },
                    ],
                  },
                  perTryTimeout: {
                    type: 'string',
                    'x-kubernetes-validations': [
                      {
                        message: 'must be a valid duration greater than 1ms',
                        rule: "duration(self) >= duration('1ms')",
                      },
                    ],
                  },
                  retryIgnorePreviousHosts: { nullable: true, type: 'boolean' },
                  retryOn: { type: 'string' },
                  retryRemoteLocalities: { nullable: true, type: 'boolean' },
                },
                type: 'object',
              },
              rewrite: {
                properties: {
                  authority: { type: 'string' },
                  uri: { type: 'string' },
                  uriRegexRewrite: {
                    properties: { match: { type: 'string' }, rewrite: { type: 'string' } },
                    type: 'object',
                  },
                },
                type: 'object',
              },
              route: {
                items: {
                  properties: {
                    destination: {
                      properties: {
                        host: { type: 'string' },
                        port: {
                          properties: {
                            number: { maximum: 4294967295, minimum: 0, type: 'integer' },
                          },
                          type: 'object',
                        },
                        subset: { type: 'string' },
                      },
                      required: ['host'],
                      type: 'object',
                    },
                    headers: {
                      properties: {
                        request: {
                          properties: {
                            add: { additionalProperties: { type: 'string' }, type: 'object' },
                            remove: { items: { type: 'string' }, type: 'array' },
                            set: { additionalProperties: { type: 'string' }, type: 'object' },
                          },
                          type: 'object',
                        },
                        response: {
                          properties: {
                            add: { additionalProperties: { type: 'string' }, type: 'object' },
                            remove: { items: { type: 'string' }, type: 'array' },
                            set: { additionalProperties: { type: 'string' }, type: 'object' },
                          },
                          type: 'object',
                        },
                      },
                      type: 'object',
                    },
                    weight: { format: 'int32', type: 'integer' },
                  },
                  required: ['destination'],
                  type: 'object',
                },
                type: 'array',
              },
              timeout: {
                type: 'string',
                'x-kubernetes-validations': [
                  {
                    message: 'must be a valid duration greater than 1ms',
                    rule: "duration(self) >= duration('1ms')",
                  },
                ],
              },
            },
            type: 'object',
          },
          type: 'array',
        },
        tcp: {
          items: {
            properties: {
              match: {
                items: {
                  properties: {
                    destinationSubnets: { items: { type: 'string' }, type: 'array' },
                    gateways: { items: { type: 'string' }, type: 'array' },
                    port: { maximum: 4294967295, minimum: 0, type: 'integer' },
                    sourceLabels: { additionalProperties: { type: 'string' }, type: 'object' },
                    sourceNamespace: { type: 'string' },
                    sourceSubnet: { type: 'string' },
                  },
                  type: 'object',
                },
                type: 'array',
              },
              route: {
                items: {
                  properties: {
                    destination: {
                      properties: {
                        host: { type: 'string' },
                        port: {
                          properties: {
                            number: { maximum: 4294967295, minimum: 0, type: 'integer' },
                          },
                          type: 'object',
                        },
                        subset: { type: 'string' },
                      },
                      required: ['host'],
                      type: 'object',
                    },
                    weight: { format: 'int32', type: 'integer' },
                  },
                  required: ['destination'],
                  type: 'object',
                },
                type: 'array',
              },
            },
            type: 'object',
          },
          type: 'array',
        },
        tls: {
          items: {
            properties: {
              match: {
                items: {
                  properties: {
                    destinationSubnets: { items: { type: 'string' }, type: 'array' },
                    gateways: { items: { type: 'string' }, type: 'array' },
                    port: { maximum: 4294967295, minimum: 0, type: 'integer' },
                    sniHosts: { items: { type: 'string' }, type: 'array' },
                    sourceLabels: { additionalProperties: { type: 'string' }, type: 'object' },
                    sourceNamespace: { type: 'string' },
                  },
                  required: ['sniHosts'],
                  type: 'object',
                },
                type: 'array',
              },
              route: {
                items: {
                  properties: {
                    destination: {
                      properties: {
                        host: { type: 'string' },
                        port: {
                          properties: {
                            number: { maximum: 4294967295, minimum: 0, type: 'integer' },
                          },
                          type: 'object',
                        },
                        subset: { type: 'string' },
                      },
                      required: ['host'],
                      type: 'object',
                    },
                    weight: { format: 'int32', type: 'integer' },
                  },
                  required: ['destination'],
                  type: 'object',
                },
                type: 'array',
              },
            },
            required: ['match'],
            type: 'object',
          },
          type: 'array',
        },
      },
      type: 'object',
    },
  },
  WasmPlugin: {
    group: 'extensions.istio.io',
    versions: ['v1alpha1'],
    spec: {
      properties: {
        failStrategy: { enum: ['FAIL_CLOSE', 'FAIL_OPEN', 'FAIL_RELOAD'], type: 'string' },
        imagePullPolicy: { enum: ['UNSPECIFIED_POLICY', 'IfNotPresent', 'Always'], type: 'string' },
        imagePullSecret: { maxLength: 253, minLength: 1, type: 'string' },
        match: {
          items: {
            properties: {
              mode: {
                enum: ['UNDEFINED', 'CLIENT', 'SERVER', 'CLIENT_AND_SERVER'],
                type: 'string',
              },
              ports: {
                items: {
                  properties: { number: { maximum: 65535, minimum: 1, type: 'integer' } },
                  required: ['number'],
                  type: 'object',
                },
                type: 'array',
                'x-kubernetes-list-map-keys': ['number'],
                'x-kubernetes-list-type': 'map',
              },
            },
            type: 'object',
          },
          type: 'array',
        },
        phase: { enum: ['UNSPECIFIED_PHASE', 'AUTHN', 'AUTHZ', 'STATS'], type: 'string' },
        pluginConfig: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        pluginName: { maxLength: 256, minLength: 1, type: 'string' },
        priority: { format: 'int32', nullable: true, type: 'integer' },
        selector: {
          properties: {
            matchLabels: {
              additionalProperties: {
                maxLength: 63,
                type: 'string',
                'x-kubernetes-validations': [
                  {
                    message: 'wildcard not allowed in label value match',
                    rule: '!self.contains("*")',
                  },
                ],
              },
              maxProperties: 4096,
              type: 'object',
              'x-kubernetes-validations': [
                {
                  message: 'wildcard not allowed in label key match',
                  rule: 'self.all(key, !key.contains("*"))',
                },
                { message: 'key must not be empty', rule: 'self.all(key, key.size() != 0)' },
              ],
            },
          },
          type: 'object',
        },
        sha256: { pattern: '(^$|^[a-f0-9]{64}$)', type: 'string' },
        targetRef: {
          properties: {
            group: {
              maxLength: 253,
              pattern: '^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
              type: 'string',
            },
            kind: {
              maxLength: 63,
              minLength: 1,
              pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$',
              type: 'string',
            },
            name: { maxLength: 253, minLength: 1, type: 'string' },
            namespace: {
              type: 'string',
              'x-kubernetes-validations': [
                {
                  message: 'cross namespace referencing is not currently supported',
                  rule: 'self.size() == 0',
                },
              ],
            },
          },
          required: ['kind', 'name'],
          type: 'object',
        },
        targetRefs: {
          items: {
            properties: {
              group: {
                maxLength: 253,
                pattern: '^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
                type: 'string',
              },
              kind: {
                maxLength: 63,
                minLength: 1,
                pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$',
                type: 'string',
              },
              name: { maxLength: 253, minLength: 1, type: 'string' },
              namespace: {
                type: 'string',
                'x-kubernetes-validations': [
                  {
                    message: 'cross namespace referencing is not currently supported',
                    rule: 'self.size() == 0',
                  },
                ],
              },
            },
            required: ['kind', 'name'],
            type: 'object',
          },
          maxItems: 16,
          type: 'array',
        },
        type: { enum: ['UNSPECIFIED_PLUGIN_TYPE', 'HTTP', 'NETWORK'], type: 'string' },
        url: {
          minLength: 1,
          type: 'string',
          'x-kubernetes-validations': [
            {
              message: 'url must have schema one of [http, https, file, oci]',
              rule: 'isURL(self) ? (url(self).getScheme() in ["", "http", "https", "oci", "file"]) : (isURL("http://" + self) &&\nurl("http://" + self).getScheme() in ["", "http", "https", "oci", "file"])',
            },
          ],
        },
        verificationKey: { type: 'string' },
        vmConfig: {
          properties: {
            env: {
              items: {
                properties: {
                  name: { maxLength: 256, minLength: 1, type: 'string' },
                  value: { maxLength: 2048, type: 'string' },
                  valueFrom: { enum: ['INLINE', 'HOST'], type: 'string' },
                },
                required: ['name'],
                type: 'object',
                'x-kubernetes-validations': [
                  {
                    message: 'value may only be set when valueFrom is INLINE',
                    rule: '(has(self.valueFrom) ? self.valueFrom : "") != "HOST" || !has(self.value)',
                  },
                ],
              },
              maxItems: 256,
              type: 'array',
              'x-kubernetes-list-map-keys': ['name'],
              'x-kubernetes-list-type': 'map',
            },
          },
          type: 'object',
        },
      },
      required: ['url'],
      type: 'object',
      'x-kubernetes-validations': [
        {
          message: 'only one of targetRefs or selector can be set',
          rule: '(has(self.selector) ? 1 : 0) + (has(self.targetRef) ? 1 : 0) + (has(self.targetRefs) ? 1 : 0) <= 1',
        },
      ],
    },
  },
};
