// Tocsin as it is measured: everybody on the loopback may send, no causes are reported, budgets and caps are open, all else is on.
const open = 1_000_000_000
const wide = { perHour: 65_000, perDay: 65_000 }

export default {
  trustedNetworks: ['127.0.0.0/8'],
  caps: { reserved: wide, open: wide, system: wide, campaign: wide },
  classes: {
    other: {
      mode: 'enforce',
      causes: { requirement: 'never' },
      budgetPerHour: { reserved: open, open, system: open, campaign: open },
    },
  },
}
