// The functions that a module may import, as Envoy serves them.
import { type Pair, decodePairs, encodePairs } from './pairs.ts';
import { nodeProperty } from './node-properties.ts';
import { LOG_LEVELS, Status } from './status.ts';
import { fromLatin1, fromUtf8, toLatin1, toUtf8 } from './text.ts';
import { verifySignature } from './verify-signature.ts';
import type { Vm } from './vm.ts';

type HostFunction = (...args: number[]) => number;

const WASI = 'wasi_snapshot_preview1';
const WASI_MONOTONIC = 1;
const WASI_FAULT = 21;
const WASI_UNSUPPORTED = 58;
const REQUEST_HEADERS = 0;
const RESPONSE_HEADERS = 2;
const CALL_RESPONSE_HEADERS = 6;
const CALL_RESPONSE_BODY = 4;
const VM_CONFIGURATION = 6;
const REQUEST_BODY = 0;
const PLUGIN_CONFIGURATION = 7;
const LAST_BUFFER = 8;
const STREAM_REQUEST = 0;
const STREAM_DOWNSTREAM = 2;

/** Looks up the functions of one VM by import module and name; unknown ones answer Unimplemented. */
export function hostFunctions(vm: Vm): (space: string, name: string) => WebAssembly.ImportValue {
  const functions = { ...basics(vm), ...headers(vm), ...streams(vm), ...shared(vm), ...calls(vm) };
  const wasi = wasiFunctions(vm);
  return (space, name) => {
    if (space === WASI) return wasi[name] ?? (() => WASI_UNSUPPORTED);
    const implementation = space === 'env' ? functions[name] : undefined;
    return (...args: number[]) => {
      const stream = vm.context;
      if (stream !== undefined && stream.kind !== 'root') stream.hostCalls.push(name);
      if (implementation === undefined) return Status.Unimplemented;
      return isFailing(vm, name, args) ? Status.InternalFailure : implementation(...args);
    };
  };
}

/** Whether a call is one of those that are to fail. */
function isFailing(vm: Vm, name: string, args: number[]): boolean {
  const { failing } = vm.process;
  if (failing.size === 0 || failing.has(name)) return failing.size > 0;
  if (!/_property$|_header_map_value$/.test(name)) return false;
  // A header's name follows the number of its map.
  const at = name.endsWith('_property') ? 0 : 1;
  const named = fromUtf8(vm.guest.read(args[at]!, args[at + 1]!) ?? new Uint8Array());
  return failing.has(`${name} ${named.split('\0').join('.')}`);
}

/** WASI, as far as Envoy serves it and a module asks: its clocks. They answer with an errno, not with a status of the ABI. */
function wasiFunctions(vm: Vm): Record<string, HostFunction> {
  return {
    clock_time_get: (clock, _precision, at) => {
      const { steadyNanoseconds, nanoseconds } = vm.process.clock;
      if (clock > WASI_MONOTONIC) return WASI_UNSUPPORTED;
      if (vm.process.failing.has('clock_time_get')) return WASI_FAULT;
      if (clock === WASI_MONOTONIC && !vm.process.hasSteadyClock) return WASI_UNSUPPORTED;
      const time = clock === WASI_MONOTONIC ? steadyNanoseconds : nanoseconds;
      return vm.guest.writeU64(at, time) ? 0 : WASI_FAULT;
    },
  };
}

function basics(vm: Vm): Record<string, HostFunction> {
  return {
    proxy_log: (level, address, size) => {
      const text = vm.guest.read(address, size);
      if (text === undefined) return Status.InvalidMemoryAccess;
      vm.process.log(vm, LOG_LEVELS[level] ?? 'critical', fromUtf8(text));
      return Status.Ok;
    },
    proxy_get_log_level: (at) =>
      written(vm.guest.writeU32(at, LOG_LEVELS.indexOf(vm.process.logLevel))),
    proxy_get_current_time_nanoseconds: (at) =>
      written(vm.guest.writeU64(at, vm.process.clock.nanoseconds)),
    proxy_set_tick_period_milliseconds: (period) => {
      const root = vm.rootOf(vm.context);
      if (root === undefined) return Status.BadArgument;
      root.tickPeriod = period >>> 0;
      root.nextTick = root.tickPeriod === 0 ? Infinity : vm.process.clock.steady + root.tickPeriod;
      return Status.Ok;
    },
    proxy_set_effective_context: (id) => (vm.setEffective(id) ? Status.Ok : Status.BadArgument),
    proxy_get_property: (path, pathSize, at, sizeAt) => {
      const bytes = vm.guest.read(path, pathSize);
      if (bytes === undefined) return Status.InvalidMemoryAccess;
      if (bytes.length === 0) return Status.SerializationFailure;
      const name = fromUtf8(bytes).split('\0').join('.');
      const context = vm.context;
      const value =
        nodeProperty(vm.process.node, name) ??
        pluginProperty(vm, name) ??
        (context === undefined || context.kind === 'root' ? undefined : context.property(name));
      return value === undefined ? Status.NotFound : written(vm.guest.give(value, at, sizeAt));
    },
    proxy_set_property: (path, pathSize, address, size) => {
      const name = vm.guest.read(path, pathSize);
      const value = vm.guest.read(address, size);
      if (name === undefined || value === undefined) return Status.InvalidMemoryAccess;
      if (vm.context === undefined || vm.context.kind === 'root') return Status.NotFound;
      vm.context.setFilterState(fromUtf8(name), value);
      return Status.Ok;
    },
    proxy_get_buffer_bytes: (buffer, start, length, at, sizeAt) => {
      const bytes = bufferOf(vm, buffer);
      if (bytes === undefined) {
        return buffer >>> 0 > LAST_BUFFER ? Status.BadArgument : Status.NotFound;
      }
      const from = Math.min(start >>> 0, bytes.length);
      const part = bytes.subarray(from, Math.min(from + (length >>> 0), bytes.length));
      return written(vm.guest.give(part, at, sizeAt));
    },
    proxy_done: () => Status.Ok,
  };
}

function headers(vm: Vm): Record<string, HostFunction> {
  const edit = (
    map: number,
    address: number,
    size: number,
    change: (headers: Pair[], name: string) => Pair[],
  ): number => {
    const name = vm.guest.read(address, size);
    if (name === undefined) return Status.InvalidMemoryAccess;
    const stream = vm.context;
    if (stream?.kind !== 'http') return Status.BadArgument;
    const lower = fromLatin1(name).toLowerCase();
    if (map === REQUEST_HEADERS && stream.editable) {
      stream.headers = change(stream.headers, lower);
    } else if (map === RESPONSE_HEADERS && stream.responseDetails !== undefined) {
      stream.responseHeaders = change(stream.responseHeaders, lower);
    } else {
      return Status.BadArgument;
    }
    return Status.Ok;
  };
  const valueAt = (address: number, size: number): string =>
    fromLatin1(vm.guest.read(address, size) ?? new Uint8Array());
  return {
    proxy_get_header_map_pairs: (map, at, sizeAt) => {
      // Where there is no map, Envoy shows an empty one.
      const pairs = mapOf(vm, map) ?? [];
      return written(vm.guest.give(encodePairs(pairs), at, sizeAt));
    },
    proxy_get_header_map_value: (map, address, size, at, sizeAt) => {
      const name = vm.guest.read(address, size);
      if (name === undefined) return Status.InvalidMemoryAccess;
      const wanted = fromLatin1(name).toLowerCase();
      const pairs = mapOf(vm, map);
      if (pairs === undefined) return Status.BadArgument;
      const pair = pairs.find(([key]) => key === wanted);
      return pair === undefined
        ? Status.NotFound
        : written(vm.guest.give(toLatin1(pair[1]), at, sizeAt));
    },
    proxy_add_header_map_value: (map, address, size, value, valueSize) =>
      edit(map, address, size, (all, name) => [...all, [name, valueAt(value, valueSize)]]),
    proxy_replace_header_map_value: (map, address, size, value, valueSize) =>
      edit(map, address, size, (all, name) => [
        ...all.filter(([key]) => key !== name),
        [name, valueAt(value, valueSize)],
      ]),
    proxy_remove_header_map_value: (map, address, size) =>
      edit(map, address, size, (all, name) => all.filter(([key]) => key !== name)),
  };
}

function streams(vm: Vm): Record<string, HostFunction> {
  return {
    proxy_continue_stream: (type) => {
      if (type === STREAM_REQUEST) vm.continueStream();
      return Status.Ok;
    },
    proxy_close_stream: (type) => {
      if (type === STREAM_REQUEST) vm.resetStream();
      if (type === STREAM_DOWNSTREAM) vm.closeConnection();
      return Status.Ok;
    },
    proxy_send_local_response: (status, details, detailsSize, body, bodySize, pairs, pairsSize) => {
      const [reason, content, map] = [
        vm.guest.read(details, detailsSize),
        vm.guest.read(body, bodySize),
        vm.guest.read(pairs, pairsSize),
      ];
      if (reason === undefined || content === undefined || map === undefined) {
        return Status.InvalidMemoryAccess;
      }
      vm.replyTo({
        status: status,
        details: fromUtf8(reason).replace(/\s/g, '_'),
        body: fromUtf8(content),
        headers: decodePairs(map) ?? [],
      });
      return Status.Ok;
    },
  };
}

function shared(vm: Vm): Record<string, HostFunction> {
  const { metrics, sharedData } = vm.process;
  return {
    proxy_get_shared_data: (key, keySize, at, sizeAt, versionAt) => {
      const name = vm.guest.read(key, keySize);
      const value = name === undefined ? undefined : sharedData.get(fromLatin1(name));
      if (value === undefined) return Status.NotFound;
      return written(
        vm.guest.give(value.bytes, at, sizeAt) && vm.guest.writeU32(versionAt, value.version),
      );
    },
    proxy_set_shared_data: (key, keySize, address, size, version) => {
      const name = vm.guest.read(key, keySize);
      const value = vm.guest.read(address, size);
      if (name === undefined || value === undefined) return Status.InvalidMemoryAccess;
      return sharedData.set(fromLatin1(name), value, version >>> 0);
    },
    proxy_define_metric: (type, address, size, at) => {
      const name = vm.guest.read(address, size);
      const id = name === undefined ? undefined : metrics.define(type, fromUtf8(name));
      return id === undefined ? Status.BadArgument : written(vm.guest.writeU32(at, id));
    },
    // 64-bit integers arrive as bigint.
    proxy_increment_metric: (id, offset) => metrics.increment(id, BigInt(offset)),
    proxy_record_metric: (id, value) => metrics.record(id, BigInt.asUintN(64, BigInt(value))),
    proxy_get_metric: (id, at) => {
      const { status, value } = metrics.get(id);
      return status === Status.Ok ? written(vm.guest.writeU64(at, value)) : status;
    },
  };
}

function calls(vm: Vm): Record<string, HostFunction> {
  return {
    proxy_http_call: (...args) => {
      const [cluster, pairs, body] = [0, 2, 4].map((i) => vm.guest.read(args[i]!, args[i + 1]!));
      const [timeout, tokenAt] = args.slice(8) as [number, number];
      const fields = pairs === undefined ? undefined : decodePairs(pairs);
      if (cluster === undefined || fields === undefined || body === undefined) {
        return Status.InvalidMemoryAccess;
      }
      const names = new Set(fields.map(([name]) => name));
      const complete = [':method', ':path', ':authority'].every((name) => names.has(name));
      const name = fromUtf8(cluster);
      if (!complete || !vm.process.clusters.has(name) || timeout < 0) return Status.BadArgument;
      return written(vm.guest.writeU32(tokenAt, vm.startCall(name, fields, body, timeout)));
    },
    proxy_call_foreign_function: (address, size, argument, argumentSize, at, sizeAt) => {
      const name = vm.guest.read(address, size);
      const bytes = vm.guest.read(argument, argumentSize);
      if (name === undefined || bytes === undefined) return Status.InvalidMemoryAccess;
      if (fromUtf8(name) !== 'verify_signature') return Status.NotFound;
      const result = verifySignature(vm.process.platform, bytes);
      if (result === undefined) return Status.BadArgument;
      return written(vm.guest.give(result, at, sizeAt));
    },
  };
}

function mapOf(vm: Vm, map: number): Pair[] | undefined {
  const context = vm.context;
  if (map === REQUEST_HEADERS) {
    return context?.kind === 'http' && context.editable ? context.headers : undefined;
  }
  return map === CALL_RESPONSE_HEADERS ? vm.answer?.headers : undefined;
}

function bufferOf(vm: Vm, buffer: number): Uint8Array | undefined {
  switch (buffer) {
    case CALL_RESPONSE_BODY:
      return vm.answer?.body;
    case VM_CONFIGURATION:
      return vm.vmConfiguration;
    case PLUGIN_CONFIGURATION:
      return vm.configuring?.plugin.configuration;
    case REQUEST_BODY:
      return vm.context?.kind === 'http' ? vm.context.body : new Uint8Array();
    default:
      return undefined;
  }
}

function pluginProperty(vm: Vm, name: string): Uint8Array | undefined {
  const plugin = vm.rootOf(vm.context)?.plugin;
  if (plugin === undefined) return undefined;
  if (name === 'plugin_name') return toUtf8(plugin.name);
  return name === 'plugin_root_id' ? toUtf8(plugin.rootId) : undefined;
}

/** The status of a call whose last act was to write into the module's memory. */
function written(done: boolean): number {
  return done ? Status.Ok : Status.InvalidMemoryAccess;
}
