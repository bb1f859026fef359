"""The words by which trouble is found in technicians' notes, in French and English, in small letters and without accents.

Each list is words with their endings in brackets: ``cass(e|ee)``. A blank inside stands as an underscore.
"""

from collections.abc import Mapping
from typing import Final

from devices.enums import NoteKind

E: Final = "(e|es|s)?"
"""Endings of a French adjective or participle."""

THINGS: Final[Mapping[NoteKind, str]] = {
    NoteKind.COVER: """
        couvercles? capots? capuchons? housses? baches? trappes? boitiers? carters? couvertures?
        covers? lids? caps? hatch(es)? housings? casings? enclosures? tarps? tarpaulins?""",
    NoteKind.SUPPLY: """
        alimentations? alims? courant electricite batteries? piles? accus? prises? cables? cordons? chargeurs? disjoncteurs?
        fusibles? secteur
        onduleurs? transformateurs? power suppl(y|ies) battery mains plugs? sockets? outlets? cords? chargers? fuses? breakers? adapters?
        adaptors? ups electricity voltage""",
    NoteKind.TANK: """
        reservoirs? cuves? citernes? bacs? bidons? niveaux?_d'eau eau tanks? cisterns? basins? canisters? buckets? water_levels? water""",
    NoteKind.ENVIRONMENT: """
        humidite hygrometrie temperatures? environnement ambiance ventilations? ventilateurs? climatisations? clim climatiseurs?
        chauffages?
        air humidity environment ventilation fans? heating heaters? hvac air_conditioning""",
}  # fmt: skip
"""What notes speak of."""

ALONE: Final[Mapping[NoteKind, str]] = {
    NoteKind.COVER: "",
    NoteKind.SUPPLY: """
        coupures?_(de_courant|d'electricite|electriques?) pannes?_(de_courant|d'electricite|electriques?) court[-_]circuits?
        short[-_]circuits?
        black-?outs? power_(cuts?|outages?|failures?)""",
    NoteKind.TANK: "a_sec out_of_water ran_dry run_dry",
    NoteKind.ENVIRONMENT: """
        moisi(e|es|s)? moisissures? condensation inondations? inonde(e|es|s)? degats?_des_eaux fumees?
        odeurs?_(de_brule|suspectes?) poussieres?
        poussiereux poussiereuses? trop_(chaud|froid|humide|sec|seche)(e|es|s)? eau_(au|sur_le)_sol flaques? infiltrations?
        rongeurs? insectes?
        m(o|ou)ld m(o|ou)ldy floods? flooded flooding smoke burning_smell dust dusty too_(hot|cold|warm|humid|damp|dry|wet) damp
        water_on_the_(floor|ground) puddles? rodents? insects?""",
}  # fmt: skip
"""What is trouble by itself."""

TROUBLE: Final = f"""
    cass(e{E}|ees?) fissur(e{E}|ees?) fel(e{E}|ees?) bris(e{E}|ees?) ouvert{E} manquant{E} manque manquent absent{E} arrach(e{E}|ees?)
    tomb(e{E}|ees?) abim(e{E}|ees?) endommag(e{E}|ees?) deterior(e{E}|ees?) dechir(e{E}|ees?) trou(e{E}|ees?) perc(e{E}|ees?)
    deform(e{E}|ees?)
    desserr(e{E}|ees?) detach(e{E}|ees?) deplac(e{E}|ees?) rouill(e{E}|ees?) corrod(e{E}|ees?) us(e{E}|ees?) defectueu(x|se|ses)
    defaillant{E}
    defaillances? hs h\\.s hors_(service|tension) en_panne pannes? coup(e{E}|ees?) coupures? debranch(e{E}|ees?)
    decharg(e{E}|ees?) faibles? mort{E}
    vid(e{E}|ees?) fuites? fuit fuient fuyait debord(e|ent|ait) bouch(e{E}|ees?) sales? bas basse basses problemes? defauts?
    dysfonctionnements?
    anomalies? brul(e{E}|ees?) saut(e{E}|ees?) disjonct(e{E}|ees?) gel(e{E}|ees?)
    broken break(s|ing)? broke cracks? cracked smashed open opened missing torn damage damaged loose detached fell fallen rusty
    rust corroded worn
    faulty defective fail(s|ed|ing|ure|ures)? faults? dead down unplugged disconnected discharged flat low weak empty leak(s|ing|ed|y)?
    overflow(s|ing|ed)? clogged blocked dirty burnt burned tripped blown problems? issues? outages? frozen cut
    (is|are|was|were|went|goes|keeps|turned|switched)_(off|out) out_of_order
"""
"""What is trouble together with a thing."""

ENVIRONMENT_TROUBLE: Final = f"""
    trop eleve{E} excessi(f|ve|fs|ves) anormal(e|es|s)? anormaux anormalement instables? hors_(limites?|norme) en_panne pannes? hs
    arret(e{E}|ees?)
    basses? hautes? cass(e{E}|ees?) too high excessive abnormal(ly)? unstable out_of_(range|order) low broken fail(ed|ing|ure)? down dead
    problemes? problems? issues? humides? damp
"""

GOOD: Final = f"""
    ferm(e{E}|ees?|ent) etanches? branch(e{E}|ees?) fonctionn(e|ent|ait) march(e|ent|ait) tient tiennent charg(e{E}|ees?) en_place
    closed close(s)? closing sealed tight work(s|ed|ing)? plugged connected charging charge(s)? running run(s)? secured? in_place
    turn_on switch_on fit(s)?
"""
"""How it should be: the opposite is trouble."""

REPAIRED: Final = f"""
    repar(e{E}|ees?) remplac(e{E}|ees?) chang(e{E}|ees?) corrig(e{E}|ees?) rempli{E} nettoy(e{E}|ees?) referm(e{E}|ees?)
    rebranch(e{E}|ees?)
    retabli{E} resolu{E} recharg(e{E}|ees?) revenu{E} remis{E} debouch(e{E}|ees?) refix(e{E}|ees?) recoll(e{E}|ees?) resserr(e{E}|ees?)
    de_retour terminee? regle{E} fixed repaired replaced solved resolved refilled filled cleaned reclosed restored reconnected recharged
    refitted reattached unclogged tightened swapped back_(on|to_normal|up)
"""
"""What says that it is over."""

TO_DO: Final = """
    a(_faire)?_(remplacer|changer|reparer|nettoyer|remplir|refermer|fermer|recharger|revoir|resserrer|fixer|vider|rebrancher)
    (need|needs|needed|wants)_(a_)?(replacing|replacement|repair|repairing|fixing|cleaning|refill|refilling|changing|charging)
    to_be_(replaced|fixed|repaired|cleaned|refilled|changed|closed|charged|solved) to_(replace|fix|repair|refill)
"""
"""What says that it is still to be done."""

NOT_YET: Final = """
    sera seront serait doit doivent devra devront devrait faut faudra prevue?s? demain bientot attente commande commandee? will
    must should
    needs? needed have_to has_to tomorrow soon planned waiting ordered cannot can't could
"""
"""Before a word of repair: it is not done yet."""

NOT: Final = """
    pas non aucun aucune sans ni jamais no not never without nor neither n't isn't aren't wasn't weren't doesn't don't didn't
    can't won't cannot
"""
BADLY: Final = "mal badly barely hardly"
"""Before a good word: as good as not."""
NORMAL: Final = """
    ok okay bons? bonnes? bien pleine?s? correcte?s? normale?s? normaux stables? propres? neufs? neuves? intacte?s? ras full good
    fine clean new
    intact fresh
"""
"""How it should be, and nobody would say the opposite of it."""
BETWEEN: Final = """
    de du des la le les l un une a the any of ou or et and ni nor en ne been be being is are was were il y ete est sont encore yet
    sign signs
    trace traces
"""
"""Words that may stand between a denial and what it denies."""
