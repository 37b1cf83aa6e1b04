// Certificates and keys: what of them the API server, the controllers and machines use. A part of the engine that loads
// when the first certificate or token is made or checked.

export * as authority from './authority.ts';
export { clusterFile, type ClusterFiles } from './cluster-files.ts';
export {
  isSignedBy,
  keyId,
  nameDer,
  nameText,
  orderedName,
  readCertificate,
  readRequest,
  signCertificate,
  signRequest,
} from './certificate.ts';
export type { AlternativeNames, Certificate, Name, Request } from './certificate.ts';
export { DerError } from './der.ts';
export {
  keyFrom,
  pkcs8,
  pointOf,
  privateKeyDer,
  privateKeyOf,
  publicInfoOf,
  publicKeyInfo,
  rsaPublicOf,
  sign,
  signatureDer,
  verify,
} from './keys.ts';
export { kubeletServing } from './kubelet-serving.ts';
export { pem, readPem } from './pem.ts';
export { RSA_SIZES, rsaKey, rsaPrivateDer } from './rsa.ts';
export type { PrivateKey } from './keys.ts';
