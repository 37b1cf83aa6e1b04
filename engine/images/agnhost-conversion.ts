// agnhost crd-conversion-webhook: converts the custom resource of the end-to-end tests, whose v1 has one field hostPort
// where v2 has host and port.

import { reviewServer, type Responder } from './agnhost-webhook.ts';

type Fields = Record<string, unknown>;

const V1 = 'stable.example.com/v1';
const V2 = 'stable.example.com/v2';

/** The object in the version wanted; a text says why not. */
function converted(object: Fields, wanted: string): Fields | string {
  const { apiVersion, hostPort, host, port, ...rest } = object;
  if (apiVersion === wanted) return `conversion from a version to itself should not call the webhook: ${wanted}`;
  if (apiVersion !== V1 && apiVersion !== V2) return `unexpected conversion version ${JSON.stringify(apiVersion)}`;
  if (wanted !== V1 && wanted !== V2) return `unexpected conversion version ${JSON.stringify(wanted)}`;
  if (wanted === V1) {
    const both = host === undefined && port === undefined ? {} : { hostPort: `${host ?? ''}:${port ?? ''}` };
    return { ...rest, ...both, apiVersion: wanted };
  }
  if (hostPort === undefined) return { ...rest, apiVersion: wanted };
  const parts = String(hostPort).split(':');
  if (parts.length !== 2) return `invalid hostPort value \`${hostPort}\``;
  return { ...rest, host: parts[0], port: parts[1], apiVersion: wanted };
}

// eslint-disable-next-line require-yield
const convert: Responder = function* ({ objects, desiredAPIVersion }) {
  const convertedObjects: Fields[] = [];
  for (const object of objects as Fields[]) {
    const result = converted(object, desiredAPIVersion);
    if (typeof result === 'string') return { result: { metadata: {}, status: 'Failure', message: result } };
    convertedObjects.push(result);
  }
  return { convertedObjects, result: { metadata: {}, status: 'Success' } };
};

export const conversionWebhook = reviewServer((path) => (path === '/crdconvert' ? convert : undefined));
