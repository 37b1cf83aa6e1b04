// What the components of a cluster share to talk to the API server: client, informers, work queue, events.
export {
  Client,
  ResourceClient,
  ApiError,
  isNotFound,
  isConflict,
  isAlreadyExists,
  type ListOptions,
  type DeleteOptions,
  type PatchType,
} from './client.ts';
export { Heartbeat } from './heartbeat.ts';
export { Informer, InformerFactory, keyOf, splitKey, type Handlers } from './informer.ts';
export { WorkQueue, type WorkQueueOptions } from './work-queue.ts';
export { formatMicroTime as microTimestamp, formatTime as timestamp } from '../api/time.ts';
export { EventRecorder, eventName, NANOSECONDS, referenceTo } from './recorder.ts';
