// What a cluster would hold of one workload: httpbin in namespace foo, in the pod.
import { POD_ADDRESS } from './network.ts';

/** The port of the workload; the Service has another. */
export const APP_PORT = 18000;

/** Lines of the proxy's access log, by this format. */
export const ACCESS_LOG_FORMAT = '%REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS%\\n';

export const WORKLOAD = `
apiVersion: v1
kind: Namespace
metadata: { name: istio-system }
---
apiVersion: v1
kind: Namespace
metadata: { name: foo }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: httpbin, namespace: foo }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: istiod, namespace: istio-system }
---
apiVersion: v1
kind: Node
metadata: { name: node }
---
apiVersion: v1
kind: Pod
metadata:
  name: httpbin
  namespace: foo
  labels: { app: httpbin, service.istio.io/canonical-name: httpbin }
spec:
  nodeName: node
  serviceAccountName: httpbin
  containers: [{ name: httpbin, image: none, ports: [{ containerPort: ${APP_PORT} }] }]
status:
  phase: Running
  podIP: ${POD_ADDRESS}
  podIPs: [{ ip: ${POD_ADDRESS} }]
  conditions: [{ type: Ready, status: "True" }]
---
apiVersion: v1
kind: Service
metadata: { name: httpbin, namespace: foo, labels: { app: httpbin } }
spec:
  selector: { app: httpbin }
  ports: [{ name: http, port: 8000, targetPort: ${APP_PORT} }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: httpbin, namespace: foo, labels: { kubernetes.io/service-name: httpbin } }
addressType: IPv4
ports: [{ name: http, port: ${APP_PORT}, protocol: TCP }]
endpoints:
- addresses: [${POD_ADDRESS}]
  conditions: { ready: true }
  targetRef: { kind: Pod, name: httpbin, namespace: foo }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data:
  mesh: |
    trustDomain: cluster.local
    rootNamespace: istio-system
    accessLogFile: /dev/stdout
    accessLogFormat: "${ACCESS_LOG_FORMAT}"
    defaultConfig: { discoveryAddress: "istiod.istio-system.svc:15012" }
`;
