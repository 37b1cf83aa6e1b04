// Registries that hold copies of another's images under their own names.

const MIRRORS: readonly [RegExp, string][] = [
  [/^(?:public\.ecr\.aws\/docker|mirror\.gcr\.io)\/library\//, 'docker.io/library/'],
  [/^mirror\.gcr\.io\//, 'docker.io/'],
  [/^public\.ecr\.aws\/nginx\/nginx$/, 'docker.io/library/nginx'],
  [/^(?:k8s\.gcr\.io|gcr\.io\/google[-_]containers|gcr\.io\/k8s-staging-e2e-test-images)\//, 'registry.k8s.io/'],
  [/^gcr\.io\/kubernetes-e2e-test-images\//, 'registry.k8s.io/e2e-test-images/'],
  [/^us-docker\.pkg\.dev\/google-samples\/containers\/gke\//, 'gcr.io/google-samples/'],
  [/^gcr\.io\/google_samples\//, 'gcr.io/google-samples/'],
];

/** The name of which this one is a copy. */
export function original(name: string): string | undefined {
  let found = name;
  for (const [pattern, to] of MIRRORS) found = found.replace(pattern, to);
  // Old names carried the architecture.
  found = found.replace(/-amd64$/, '');
  return found === name ? undefined : found;
}
