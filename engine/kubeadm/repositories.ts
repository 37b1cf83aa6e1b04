// The package repositories that a machine knows: the key that they are signed with, and the lines of apt's lists.

import { numbersOf } from './releases.ts';

/** The key that the repositories are signed with, as apt keeps it. */
export const REPOSITORY_KEY =
  'isv:kubernetes OBS Project <isv:kubernetes@build.opensuse.org> DE15B14486CD377B9E876E1A234654DA9A296436';
export const KEY_FILE = '/etc/apt/keyrings/kubernetes.gpg';
/** Where Kubernetes' packages come from: one repository for each minor version. */
export const SOURCES = '/etc/apt/sources.list.d';
export const SOURCE_LIST = `${SOURCES}/kubernetes.list`;
export const sourceLine = (version: string) =>
  `deb [signed-by=${KEY_FILE}] https://pkgs.k8s.io/core:/stable:/v1.${numbersOf(version).minor}/deb/ /\n`;

/** What every machine has beside its own lists. */
export const DEBIAN = 'deb http://deb.debian.org/debian trixie main';
export const DOCKER_LIST = `${SOURCES}/docker.list`;
export const dockerLine = `deb [signed-by=${KEY_FILE}] https://download.docker.com/linux/debian trixie stable\n`;
