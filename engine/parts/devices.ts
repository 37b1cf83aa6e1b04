// Part: dynamic resource allocation, for clusters whose Pods claim devices.

import { deviceSelector } from '../cel/device-selector.ts';
import { deviceEnvironment } from '../kubelet/cdi.ts';
import { KubeletDevices } from '../kubelet/device-drivers.ts';
import { dynamicResourcesPlugin } from '../scheduler/plugins/dynamic-resources-plugin.ts';
import { provide } from './index.ts';

provide('devices', {
  deviceDrivers: (kubelet) => new KubeletDevices(kubelet),
  deviceEnvironment,
  selectorProblem(expression) {
    const selector = deviceSelector(expression);
    return typeof selector === 'string' ? selector : undefined;
  },
  dynamicResources: (options) => dynamicResourcesPlugin({ ...options, compile: deviceSelector }),
});
