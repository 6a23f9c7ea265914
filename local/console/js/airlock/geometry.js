// Where everything stands in the picture: once for wide screens, once for phones.

/** Rooms are { x, y, w, h }; slots are where capsules lie in them; locks stand on walls. */
export const WIDE = {
  name: "wide",
  size: [1160, 372],
  hull: { x: 186, y: 16, w: 788, h: 340 },
  walls: ["M540 16V356", "M540 186H974"],
  ways: ["M128 150H152", "M572 150H600", "M1008 150H1032", "M365 312V250"],
  client: { at: [76, 150], title: [76, 92], lines: [[76, 196], [76, 213]] },
  processor: { at: [1090, 150], title: [1090, 92], lines: [[1090, 196], [1090, 213]] },
  locks: {
    ingest: { at: [186, 150], size: [58, 76], label: [186, 214] },
    worker: { at: [540, 186], size: [58, 76], label: [540, 250] },
    paybill: { at: [974, 150], size: [58, 76], label: [974, 214] },
  },
  rooms: {
    quarantine: { title: [236, 48], sub: [236, 66], count: [486, 56], slots: { x: 250, y: 92, columns: 12, rows: 7, pitch: 20 } },
    parked: { title: [236, 262], sub: [236, 279], count: [486, 270], slots: { x: 250, y: 302, columns: 12, rows: 2, pitch: 20 } },
    vault: { title: [592, 48], sub: [592, 66], count: [926, 56], slots: { x: 606, y: 92, columns: 16, rows: 4, pitch: 20 } },
    clean: { title: [592, 222], sub: [592, 240], count: [926, 230], slots: { x: 606, y: 266, columns: 16, rows: 4, pitch: 20 } },
  },
  chamber: { x: 188, y: 18, w: 350, h: 336 },
  inside: { x: 542, y: 18, w: 430, h: 336 },
  parkedWall: "M214 240H512",
};

export const TALL = {
  name: "tall",
  size: [360, 700],
  hull: { x: 6, y: 92, w: 348, h: 500 },
  walls: ["M6 366H354", "M180 366V592"],
  ways: ["M180 52V66", "M180 612V628"],
  client: { at: [180, 38], title: [16, 30], lines: [[16, 48], [344, 30]], apart: true },
  processor: { at: [180, 650], title: [16, 646], lines: [[16, 664], [344, 646]], apart: true },
  locks: {
    ingest: { at: [180, 92], size: [92, 46], label: [180, 132], flat: true },
    worker: { at: [180, 366], size: [92, 46], label: [180, 406], flat: true },
    paybill: { at: [180, 592], size: [92, 46], label: [180, 562], flat: true },
  },
  rooms: {
    quarantine: { title: [20, 152], sub: [20, 170], count: [340, 160], slots: { x: 30, y: 194, columns: 16, rows: 3, pitch: 20 } },
    parked: { title: [20, 274], sub: [20, 292], count: [340, 282], slots: { x: 30, y: 314, columns: 16, rows: 1, pitch: 20 } },
    vault: { title: [20, 436], sub: [20, 454], count: [164, 440], slots: { x: 30, y: 480, columns: 7, rows: 3, pitch: 20 } },
    clean: { title: [196, 436], sub: [196, 454], count: [340, 440], slots: { x: 206, y: 480, columns: 7, rows: 3, pitch: 20 } },
  },
  chamber: { x: 8, y: 94, w: 344, h: 270 },
  inside: { x: 8, y: 368, w: 344, h: 222 },
  parkedWall: "M20 252H340",
};
