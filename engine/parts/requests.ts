// Part: what the API server does for requests that a cluster by itself does not make, and for those with faults.

import { jsonError, jsonObjectError } from '../api/json-error.ts';
import {
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
} from '../apiserver/admission/certificates.ts';
import { limitRanger } from '../apiserver/admission/limit-ranger.ts';
import { resourceQuota } from '../apiserver/admission/resource-quota.ts';
import {
  defaultIngressClass,
  defaultStorageClass,
  persistentVolumeClaimResize,
  storageObjectInUseProtection,
} from '../apiserver/admission/storage-objects.ts';
import { checkListOptions, expiredPage, readToken, writeToken } from '../apiserver/list-options.ts';
import { jsonPatch } from '../apiserver/patch/json-patch.ts';
import { certificateSigningRequests } from '../apiserver/registry/certificates.ts';
import { deviceClaims } from '../apiserver/registry/device-claims.ts';
import { flowControl } from '../apiserver/registry/flow-control.ts';
import { eviction } from '../apiserver/subresources/eviction.ts';
import { proxy } from '../apiserver/subresources/proxy.ts';
import { checkWriteOptions, dryRunFaults } from '../apiserver/write-options.ts';
import * as reviews from '../apiserver/virtual/reviews.ts';
import { provide } from './index.ts';

provide('requests', {
  admission: {
    CertificateApproval: { validate: certificateApproval },
    CertificateSigning: { validate: certificateSigning },
    CertificateSubjectRestriction: { validate: certificateSubjectRestriction },
    DefaultIngressClass: { mutate: defaultIngressClass },
    DefaultStorageClass: { mutate: defaultStorageClass },
    PersistentVolumeClaimResize: { validate: persistentVolumeClaimResize },
    StorageObjectInUseProtection: { mutate: storageObjectInUseProtection },
  },
  certificateSigningRequests,
  deviceClaims,
  checkListOptions,
  checkWriteOptions,
  dryRunFaults,
  eviction,
  expiredPage,
  flowControl,
  jsonError,
  jsonObjectError,
  jsonPatch,
  limitRanger,
  proxy,
  readToken,
  resourceQuota,
  reviews,
  writeToken,
});
