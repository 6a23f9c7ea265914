// Where everything is in the picture: for wide screens, for narrower ones, and for phones.

/** `beyond` says how many more there are than can be drawn. Arrows are [x, y, degrees]; slots are the places of capsules in a room; locks are on walls; an `at` is a center. */
const WIDE = {
  name: "wide",
  size: [760, 420],
  hull: { x: 110, y: 12, w: 540, h: 396 },
  chamber: { x: 110, y: 12, w: 230, h: 396 },
  inside: { x: 340, y: 12, w: 310, h: 396 },
  walls: ["M340 12V408", "M340 206H650"],
  parkedWall: "M128 268H322",
  arrows: [[69, 150, 0], [151, 150, 0], [384, 192, 0], [384, 221, 0], [609, 150, 0], [691, 150, 0]],
  client: { at: [38, 150], title: [46, 70], lines: [[46, 88], [40, 186]], kind: "middle" },
  letters: { title: [54, 308], lines: [[54, 326]], count: [54, 356], kind: "middle small" },
  processor: { at: [724, 150], title: [714, 70], lines: [[714, 88], [724, 190]], kind: "middle" },
  locks: {
    ingest: { at: [110, 150], size: [70, 92] },
    worker: { at: [340, 206], size: [70, 92] },
    paybill: { at: [650, 150], size: [70, 92] },
  },
  rooms: {
    quarantine: { title: [130, 44], sub: [130, 62], count: [320, 52], beyond: [320, 68], slots: { x: 168, y: 96, columns: 6, rows: 8, pitch: 20 } },
    parked: { title: [130, 294], sub: [130, 312], count: [320, 302], beyond: [320, 318], slots: { x: 142, y: 340, columns: 9, rows: 3, pitch: 20 } },
    vault: { title: [364, 44], sub: [364, 62], count: [630, 52], beyond: [630, 68], slots: { x: 392, y: 96, columns: 11, rows: 5, pitch: 20 } },
    clean: { title: [392, 236], sub: [392, 254], count: [630, 244], beyond: [630, 260], slots: { x: 396, y: 286, columns: 11, rows: 5, pitch: 22 } },
  },
  door: { x: 291, y: 168, columns: 1, rows: 5, pitch: 20 },
};

const MEDIUM = {
  name: "medium",
  size: [560, 340],
  hull: { x: 84, y: 8, w: 392, h: 324 },
  chamber: { x: 84, y: 8, w: 180, h: 324 },
  inside: { x: 264, y: 8, w: 212, h: 324 },
  walls: ["M264 8V332", "M264 168H476"],
  parkedWall: "M100 222H248",
  arrows: [[48, 124, 0], [121, 124, 0], [301, 155, 0], [301, 182, 0], [439, 112, 0], [512, 112, 0]],
  client: { at: [22, 124], title: [40, 50], lines: [[40, 67], [40, 158]], kind: "middle" },
  letters: { title: [41, 248], lines: [[41, 264]], count: [41, 292], kind: "middle small" },
  processor: { at: [538, 112], title: [519, 42], lines: [[519, 59], [519, 170]], kind: "middle" },
  locks: {
    ingest: { at: [84, 124], size: [62, 84] },
    worker: { at: [264, 168], size: [62, 84] },
    paybill: { at: [476, 112], size: [62, 84] },
  },
  rooms: {
    quarantine: { title: [100, 34], sub: [100, 51], count: [250, 36], beyond: [250, 68], slots: { x: 132, y: 84, columns: 4, rows: 7, pitch: 20 } },
    parked: { title: [100, 246], sub: [100, 263], count: [250, 252], beyond: [250, 278], slots: { x: 110, y: 288, columns: 7, rows: 2, pitch: 22 } },
    vault: { title: [282, 34], sub: [282, 51], count: [462, 36], beyond: [462, 68], slots: { x: 314, y: 84, columns: 6, rows: 4, pitch: 20 } },
    clean: { title: [308, 192], sub: [308, 209], count: [462, 196], beyond: [462, 228], slots: { x: 312, y: 246, columns: 7, rows: 4, pitch: 22 } },
  },
  door: { x: 218, y: 130, columns: 1, rows: 5, pitch: 18 },
};

const TALL = {
  name: "tall",
  size: [360, 556],
  hull: { x: 4, y: 70, w: 352, h: 412 },
  chamber: { x: 4, y: 70, w: 352, h: 230 },
  inside: { x: 4, y: 300, w: 352, h: 182 },
  walls: ["M4 300H356", "M180 300V482"],
  parkedWall: "M20 206H340M204 218V288",
  arrows: [[180, 43, 90], [180, 99, 90], [150, 331, 90], [210, 331, 90], [92, 453, 90], [92, 511, 90]],
  letters: { title: [220, 228], lines: [[220, 245]], count: [340, 250], kind: "" },
  client: { at: [180, 21], title: [4, 20], lines: [[4, 37], [100, 20]], kind: "" },
  processor: { at: [92, 536], title: [146, 530], lines: [[146, 547], [240, 530]], kind: "" },
  locks: {
    ingest: { at: [180, 70], size: [112, 46], flat: true },
    worker: { at: [180, 300], size: [112, 46], flat: true },
    paybill: { at: [92, 482], size: [112, 46], flat: true },
  },
  rooms: {
    quarantine: { title: [20, 122], sub: [20, 139], count: [340, 130], beyond: [340, 146], slots: { x: 30, y: 164, columns: 16, rows: 2, pitch: 20 } },
    parked: { title: [20, 228], sub: [20, 245], count: [190, 236], beyond: [190, 252], slots: { x: 30, y: 262, columns: 8, rows: 1, pitch: 20 } },
    vault: { title: [20, 346], sub: [20, 363], count: [166, 350], beyond: [166, 453], slots: { x: 30, y: 390, columns: 7, rows: 3, pitch: 20 } },
    clean: { title: [196, 346], sub: [196, 363], count: [342, 350], beyond: [342, 474], slots: { x: 208, y: 390, columns: 6, rows: 4, pitch: 22 } },
  },
  door: { x: 262, y: 283, columns: 5, rows: 1, pitch: 19 },
};

/** The one that fits a picture of this width, in pixels. */
export function shapeFor(width) {
  if (width < 440) return TALL;
  return width < 640 ? MEDIUM : WIDE;
}
