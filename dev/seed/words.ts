const list = (text: string): readonly string[] => text.trim().split(/\s*,\s*/)

export const FIRST_NAMES = list(`
  Ada, Agnieszka, Alexander, Amara, Amélie, Anna, Antonio, Arjun, Beatriz, Ben, Bruno, Camille, Carlos, Chiara,
  Clara, Daniel, Diego, Elena, Emil, Emma, Farid, Fatima, Felix, Finn, Freya, Giulia, Grace, Hana, Hannah, Henry,
  Ines, Ivan, Jakob, Jan, Joana, Julia, Jürgen, Kai, Karin, Katarina, Kenji, Lars, Laura, Leila, Leon, Lina, Louis,
  Lucía, Luka, Maja, Marek, Maria, Mateo, Maya, Mehmet, Mia, Nadia, Nils, Noah, Nora, Olga, Oliver, Oscar, Paula,
  Pedro, Petra, Priya, Rafael, Rosa, Samuel, Sara, Sofia, Stefan, Tariq, Tessa, Theo, Tomás, Vera, Victor, Yuki
`)

export const LAST_NAMES = list(`
  Abdi, Almeida, Andersson, Bauer, Becker, Bernard, Bianchi, Brown, Carvalho, Castro, Clarke, Costa, Dahl, Davies,
  Demir, Dubois, Dvorak, Evans, Fernández, Ferrari, Fischer, Fontaine, García, Gruber, Haas, Hansen, Horvat, Hughes,
  Ito, Ivanova, Janssen, Jensen, Johansson, Jones, Kaya, Keller, Khan, Kowalska, Kumar, Larsen, Laurent, Lindqvist,
  López, Maier, Marino, Martin, Meyer, Moreau, Moretti, Müller, Nakamura, Nguyen, Nielsen, Novak, Nowak, O'Brien,
  Okafor, Olsen, Patel, Pereira, Petit, Popescu, Ricci, Richter, Rossi, Roux, Santos, Sato, Schmidt, Schneider,
  Silva, Singh, Sørensen, Suzuki, Taylor, Torres, Van Dijk, Vogel, Wagner, Walsh, Weber, Williams, Wright, Zimmermann
`)

export const ADJECTIVES = list(`
  Bright, Classic, Compact, Cosy, Dainty, Elegant, Everyday, Festive, Foldable, Generous, Handmade, Heavy, Large,
  Light, Little, Modern, Narrow, Nordic, Plain, Portable, Quiet, Rounded, Rustic, Simple, Slim, Small, Smooth,
  Soft, Square, Striped, Sturdy, Tall, Timeless, Tiny, Vintage, Wide
`)

export const HARD_MATERIALS = list(`
  aluminium, ash, bamboo, beech, brass, brushed steel, ceramic, copper, cork, enamel, glass, marble, oak, olive wood,
  porcelain, recycled plastic, slate, stoneware, walnut, wrought iron
`)

export const SOFT_MATERIALS = list(`
  alpaca, canvas, cashmere, cotton, felt, hemp, jute, lambswool, leather, linen, merino wool, microfibre,
  organic cotton, recycled polyester, silk, velvet
`)

/** Each with its lowest and its highest price in whole euros. */
export const HARD_THINGS: readonly (readonly [string, number, number])[] = [
  ['bench', 89, 420],
  ['birdhouse', 15, 60],
  ['bookend', 12, 45],
  ['bowl', 8, 48],
  ['bread bin', 25, 90],
  ['candle holder', 6, 40],
  ['chair', 59, 340],
  ['chopping board', 14, 80],
  ['clock', 24, 150],
  ['coat rack', 35, 190],
  ['desk lamp', 29, 180],
  ['flower pot', 7, 65],
  ['fruit basket', 15, 60],
  ['jug', 12, 55],
  ['knife block', 30, 140],
  ['mirror', 25, 260],
  ['mug', 6, 25],
  ['pen holder', 5, 30],
  ['pepper mill', 15, 70],
  ['picture frame', 8, 60],
  ['plate', 7, 35],
  ['salad server', 9, 45],
  ['shelf', 29, 210],
  ['stool', 35, 160],
  ['table', 99, 890],
  ['teapot', 19, 95],
  ['tray', 12, 70],
  ['vase', 10, 120],
  ['water bottle', 12, 45],
]

export const SOFT_THINGS: readonly (readonly [string, number, number])[] = [
  ['backpack', 39, 190],
  ['bath mat', 15, 60],
  ['beanie', 12, 55],
  ['blanket', 29, 220],
  ['cushion', 15, 80],
  ['dog bed', 35, 150],
  ['hammock', 45, 180],
  ['laptop sleeve', 19, 90],
  ['pair of gloves', 14, 75],
  ['pair of slippers', 18, 85],
  ['pouch', 8, 40],
  ['rug', 49, 640],
  ['scarf', 15, 130],
  ['shoulder bag', 25, 210],
  ['table runner', 12, 60],
  ['tea towel', 5, 22],
  ['throw', 25, 160],
  ['wall hanging', 20, 140],
]

export const VIRTUES = list(`
  ages beautifully, brightens a dark hallway, comes in a gift box, comes flat and is assembled in minutes,
  fits into any kitchen, fits into a small flat, is easy to carry on a camping trip, is finished by hand,
  is light enough for travelling, is made by a family workshop in Portugal, is made in small batches,
  is made to be repaired, keeps its colour in the sun, keeps its shape for years, looks good in any living room,
  makes a fine wedding present, makes mornings a little warmer, needs next to no care, stands up to children and dogs,
  survives winters on the balcony, takes up little space, was designed in Copenhagen
`)

export const REMARKS = list(`
  Dishwasher safe., Fully recyclable., Free of harmful dyes., Goes well with the rest of the series.,
  Made from certified raw materials., No two pieces are quite alike., Packed without plastic.,
  Not suitable for the microwave., Only for indoor use., Splash-proof and easy to clean., Suitable for the garden.,
  Ten years of guarantee., The surface is treated with natural oil., Vegan., Waterproof and frost-resistant.,
  Wipe with a damp cloth only., With a spare set of screws.
`)
