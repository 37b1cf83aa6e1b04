// What a scheduler's configuration file changes, and points by hand for each strategy of NodeResourcesFit.

import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../../engine/scheduler/configuration.ts';
import { NodeInfo } from '../../engine/scheduler/node-info.ts';
import { PodInfo } from '../../engine/scheduler/pod-info.ts';
import { nodeResourcesBalancedAllocation } from '../../engine/scheduler/plugins/node-resources-balanced-allocation.ts';
import { nodeResourcesFit, type FitArgs } from '../../engine/scheduler/plugins/node-resources-fit.ts';
import type { Node, Pod } from '../../engine/api/types.ts';

const HEAD = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };

const podOf = (name: string, requests: Record<string, string>) =>
  new PodInfo({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests } }] },
  } as Pod);

function nodeOf(allocatable: Record<string, string>, used: Record<string, string>): NodeInfo {
  const node = new NodeInfo({
    metadata: { name: 'n' },
    status: { allocatable: { pods: '110', ...allocatable } },
  } as Node);
  node.add(podOf('other', used));
  return node;
}

describe('NodeResourcesFit gives points', () => {
  const half = nodeOf({ cpu: '4', memory: '8Gi' }, { cpu: '1', memory: '4Gi' });
  const pod = podOf('p', { cpu: '1', memory: '2Gi' });
  const score = (args: FitArgs['scoringStrategy'], node = half, of = pod) =>
    nodeResourcesFit({ scoringStrategy: args }).score?.(of, node, new Map());

  test.each<[string, FitArgs['scoringStrategy'], number]>([
    // cpu (4-2)/4 = 50, memory (8-6)/8 = 25
    ['LeastAllocated', undefined, 37],
    [
      'LeastAllocated, cpu three times',
      {
        resources: [
          { name: 'cpu', weight: 3 },
          { name: 'memory', weight: 1 },
        ],
      },
      43,
    ],
    // cpu 2/4 = 50, memory 6/8 = 75
    ['MostAllocated', { type: 'MostAllocated' }, 62],
    [
      'RequestedToCapacityRatio that packs',
      {
        type: 'RequestedToCapacityRatio',
        requestedToCapacityRatio: {
          shape: [
            { utilization: 0, score: 0 },
            { utilization: 100, score: 10 },
          ],
        },
      },
      63,
    ],
    [
      'RequestedToCapacityRatio that spreads, memory alone',
      {
        type: 'RequestedToCapacityRatio',
        resources: [{ name: 'memory', weight: 1 }],
        requestedToCapacityRatio: {
          shape: [
            { utilization: 0, score: 10 },
            { utilization: 100, score: 0 },
          ],
        },
      },
      25,
    ],
  ])('by %s', (_name, args, points) => {
    expect(score(args)).toBe(points);
  });

  test('for an extended resource only to Pods that want it', () => {
    const node = nodeOf({ cpu: '4', memory: '8Gi', 'x.io/gpu': '4' }, { cpu: '1', memory: '1Gi', 'x.io/gpu': '1' });
    const args = { type: 'MostAllocated' as const, resources: [{ name: 'x.io/gpu', weight: 1 }] };
    expect(score(args, node, podOf('p', { cpu: '1', 'x.io/gpu': '1' }))).toBe(50);
    expect(score(args, node)).toBe(0);
  });

  test('NodeResourcesBalancedAllocation for a like use of both', () => {
    const balanced = nodeResourcesBalancedAllocation();
    // Shares 0.5 and 0.75: their deviation is 0.125.
    expect(balanced.score?.(pod, half, new Map())).toBe(87);
    expect(balanced.score?.(podOf('p', { cpu: '1', memory: '0' }), half, new Map())).toBe(100);
  });
});

describe('a configuration', () => {
  test('names its profiles, weighs plug-ins and leaves points out', () => {
    const { profiles, leaderElection } = readConfiguration({
      ...HEAD,
      leaderElection: { leaderElect: false },
      percentageOfNodesToScore: 30,
      profiles: [
        {
          plugins: { score: { enabled: [{ name: 'ImageLocality', weight: 7 }], disabled: [{ name: 'NodeAffinity' }] } },
        },
        {
          schedulerName: 'bare',
          percentageOfNodesToScore: 100,
          plugins: { multiPoint: { disabled: [{ name: 'TaintToleration' }] } },
        },
      ],
    });
    expect(leaderElection.leaderElect).toBe(false);
    expect(profiles.map((one) => [one.schedulerName, one.percentageOfNodesToScore])).toEqual([
      ['default-scheduler', 30],
      ['bare', 100],
    ]);
    const plugin = (name: string) => ({ plugin: { name, filter: () => undefined, score: () => 1 }, weight: 2 });
    const defaults = ['ImageLocality', 'NodeAffinity', 'TaintToleration'].map(plugin);
    const [first, second] = profiles.map(({ plugins }) => plugins(defaults));
    expect(first.map((one) => [one.plugin.name, one.weight, one.plugin.score !== undefined])).toEqual([
      ['ImageLocality', 7, true],
      ['NodeAffinity', 2, false],
      ['TaintToleration', 2, true],
    ]);
    expect(second.map((one) => one.plugin.name)).toEqual(['ImageLocality', 'NodeAffinity']);
  });

  test.each([
    [{ ...HEAD, apiVersion: 'v1' }, 'no kind "KubeSchedulerConfiguration" is registered for version "v1"'],
    [{ ...HEAD, profile: [] }, 'strict decoding error: unknown field "profile"'],
    [{ ...HEAD, profiles: [{}, {}] }, 'profiles[1].schedulerName: Duplicate value: "default-scheduler"'],
    [
      { ...HEAD, profiles: [{ plugins: { reserved: {} } }] },
      'the extension point reserved is not modelled by this engine',
    ],
    [
      { ...HEAD, profiles: [{ pluginConfig: [{ name: 'NodeAffinity', args: { addedAffinity: {} } }] }] },
      'the setting addedAffinity of plug-in NodeAffinity is not modelled by this engine',
    ],
  ])('%j is refused', (file, words) => {
    expect(() => readConfiguration(file)).toThrow(words);
  });
});
