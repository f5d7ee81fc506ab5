// Tocsin as it is measured: everybody on the loopback may send, no causes are reported, budgets and caps are open, all else is on.
export default {
  trustedNetworks: ['127.0.0.0/8'],
  classes: {
    other: {
      mode: 'enforce',
      causes: { mode: 'none' },
      caps: { perMailbox: 1_000_000_000 },
      budgets: { reservedPerHour: 1_000_000_000, openPerHour: 1_000_000_000 },
    },
  },
}
