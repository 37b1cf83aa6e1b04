// kubectl config: reads and changes kubeconfig files. Nothing here talks to a server.

import type { Command } from '../../command.ts';
import {
  deletions,
  renameContext,
  setCluster,
  setContext,
  setCredentials,
  setProperty,
  unsetProperty,
  useContext,
} from './change.ts';
import { currentContext, getClusters, getContexts, getUsers, view } from './view.ts';

export const config: Command = {
  name: 'config',
  short: 'Modify kubeconfig files',
  commands: [
    view,
    currentContext,
    getContexts,
    getClusters,
    getUsers,
    useContext,
    setContext,
    setCluster,
    setCredentials,
    ...deletions,
    renameContext,
    setProperty,
    unsetProperty,
  ],
};
