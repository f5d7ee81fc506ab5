/**
 * How the embedded server runs, for a machine with two cores that it shares with Tocsin. Given on its command line at every start, so that
 * no edited file can differ.
 */
export const serverSettings: Record<string, string> = {
  // Nobody else: no TCP at all, one socket inside its own directory. Both directory and socket are closed to other users.
  listen_addresses: '',
  port: '5432',
  unix_socket_directories: '.',
  unix_socket_permissions: '0700',
  max_connections: '50',

  // A commit that was answered survives a power cut. Torn pages are repaired from the log.
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',

  // The journal is written once and mostly read by position, so the file system's cache would do; but pages of a batch of 5 MB that fit here
  // are written by the checkpoint and not by the commit: 160 instead of 120 MB/s at 1 MB a batch, against 128MB and 16MB.
  shared_buffers: '256MB',
  wal_buffers: '64MB',

  // Fewer checkpoints, so fewer full pages in the log; after a crash at most 2 GB of log are replayed, seconds on any disk.
  checkpoint_timeout: '15min',
  max_wal_size: '2GB',
  // Log files are reused rather than created: creating one costs a commit in its way 16 MB of zeros.
  min_wal_size: '512MB',
  // Ciphertext does not compress.
  wal_compression: 'off',
  // Nothing replicates from an embedded server. Who wants a standby or an archive sets DATABASE_URL.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',

  // Parallel queries would compete with the gate for two cores, and fail in containers, whose /dev/shm is small.
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  jit: 'off',
  // Reads come from the cache; processes of their own for them are three more to keep.
  io_method: 'sync',

  // A session whose Tocsin was killed ends with it, also in the middle of a statement.
  client_connection_check_interval: '1s',

  // The log names what failed, but no statement, no parameter and no row: those may hold what must not be in a log.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
  log_timezone: 'UTC',
  timezone: 'UTC',
}
