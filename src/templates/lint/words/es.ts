import { whole } from './phrase.ts'
import type { Words } from './words.ts'

const now =
  '(?:de inmediato|inmediatamente|ahora mismo|cuanto antes|lo antes posible|a la mayor brevedad|sin demora|urgentemente|ya mismo)'
const act =
  '(?:actúe?|actúa|responda|responde|conteste|haga clic|haz clic|pulse|pulsa|confirme|confirma|verifique|verifica|cambie|cambia|restablezca|restablece|actualice|actualiza|inicie sesión|inicia sesión|llame|llama|revise|revisa|proteja|protege)'
const secret =
  '(?:contraseñas?|claves?|pin|códigos?|código de (?:seguridad|verificación|recuperación)|números? de (?:tarjeta|cuenta)|cvv|datos bancarios|fecha de nacimiento|credenciales)'

export const spanish: Words = {
  urgency: [
    {
      pattern: whole(`${act}[^.!?\\n]{0,60}(?<!\\p{L})(?:${now}|ya|ahora|hoy mismo)`),
      better: 'Diga hasta cuándo se puede hacer: «El enlace sirve hasta las 14:30».',
    },
    {
      pattern: whole(`(?:acción|atención|respuesta|medidas?) inmediatas?`),
      better: 'Diga qué hay que hacer, en una frase, y hasta cuándo.',
    },
    {
      pattern: whole('urgentes?|urgentemente|urgencia|emergencia'),
      better: 'Quítelo: el asunto dice lo que ha pasado.',
    },
    {
      pattern: whole(
        '(?:acción|respuesta|intervención) (?:requerida|necesaria|obligatoria)|se requiere (?:su |una |tu )?(?:acción|atención|respuesta)',
      ),
      better: 'Diga qué acción: «Elija una contraseña nueva».',
    },
    {
      pattern: whole('últim[oa] (?:oportunidad|aviso|advertencia|recordatorio|llamada)'),
      better: 'Nombre el día a partir del cual algo cambia, y qué cambia.',
    },
    {
      pattern: whole(
        '(?:dese|date) prisa|apresúrese|no (?:espere|esperes|tarde|tardes|pierda|pierdas) (?:más|tiempo)?|antes de que sea (?:demasiado )?tarde|se (?:le|te) acaba el tiempo|por tiempo limitado',
      ),
      better: 'Nombre el plazo y lo que se puede hacer después.',
    },
    {
      pattern: whole(
        '(?:en|dentro de)(?: las| los)?(?: próximas| próximos)? \\d{1,3} (?:minutos|horas|días)[^.!?\\n]{0,60}\\b(?:o|de lo contrario|si no)',
      ),
      better:
        'Dé la fecha y la salida: «A partir del 1 de diciembre necesitará una contraseña nueva para entrar. Puede crearla cuando quiera».',
    },
    {
      pattern: whole('cuanto antes|lo antes posible|a la mayor brevedad'),
      better: 'Diga para cuándo, o quítelo.',
      severity: 'warning',
    },
  ],
  fear: [
    {
      pattern: whole('hacke(?:ad[oa]s?|ar|o)|hackers?|piratas? informáticos?|pirate(?:ad[oa]s?|o)'),
      better: 'Diga lo que se sabe: «Alguien ha entrado con su contraseña».',
    },
    {
      pattern: whole(
        '(?:se ha visto|ha sido|han sido|fue|está|estar|fueron|haya sido) (?:comprometid[oa]s?|vulnerad[oa]s?)|cuenta comprometida',
      ),
      better: 'Diga lo que ha pasado: «Su contraseña estaba en una lista que tienen otras personas».',
    },
    {
      pattern: whole(
        'robad[oa]s?|robo|ladr(?:ón|ones)|delincuentes?|criminal(?:es)?|estafador(?:es|a|as)?|atacantes?|ciberdelincuentes?',
      ),
      better: 'Diga lo que ha pasado: «Alguien sin permiso copió los datos».',
    },
    {
      pattern: whole(
        '(?:cuenta|acceso|perfil)[^.!?\\n]{0,50}(?<!\\p{L})(?:suspendid[oa]|cancelad[oa]|cerrad[oa]|eliminad[oa]|bloquead[oa]|desactivad[oa]|restringid[oa]|limitad[oa])',
      ),
      better:
        'Diga qué funciona, qué no y cómo vuelve a funcionar: «Podrá entrar de nuevo cuando cree una contraseña nueva».',
    },
    {
      pattern: whole(
        'perder(?:á|ás)? (?:definitivamente |para siempre )?(?:el|su|tu|todo) (?:acceso|los datos|sus datos|cuenta)',
      ),
      better: 'Diga qué funciona y hasta cuándo, y cómo conservarlo.',
    },
    {
      pattern: whole('acciones (?:legales|judiciales)|denuncia(?:d[oa])?|policía|fiscalía'),
      better: 'Quite las amenazas. Diga qué necesita y por qué.',
    },
    {
      pattern: whole(
        '(?:alerta|advertencia|aviso) (?:de seguridad|críticos?|críticas?|graves?|importantes?)|¡atención|atención(?=[:!])',
      ),
      better: 'Nombre lo que ha pasado: «Inicio de sesión nuevo desde un teléfono en Berlín».',
      severity: 'warning',
    },
    {
      pattern: whole('peligros?|peligros[oa]s?|amenazas?|catástrofes?|catastrófic[oa]s?|alarmantes?|víctimas?|pánico'),
      better: 'Diga el hecho y cuánto se sabe de él.',
    },
    {
      pattern: whole('en (?:grave |serio )?riesgo|(?:alto|grave|serio) riesgo'),
      better: 'Diga qué puede pasar y qué lo evita.',
    },
    {
      pattern: whole(
        '(?:actividad|actividades|accesos?|inicios? de sesión|intentos?|movimientos?) (?:sospechos[oa]s?|inusual(?:es)?|extrañ[oa]s?|no autorizad[oa]s?|fraudulent[oa]s?)',
      ),
      better:
        'Diga qué se vio, cuándo y dónde: «Un inicio de sesión desde un navegador que no conocíamos, el 24 de noviembre a las 10:30 (UTC)».',
      severity: 'warning',
    },
  ],
  genericGreeting: whole(
    '(?:estimad[oa]|apreciad[oa]|querid[oa])(?:/a)?s? (?:cliente|clienta|usuari[oa]|miembro|soci[oa]|titular|señores|señor(?:/a|a)?(?= ?[:,]))(?:/a|s)?|hola,? (?:usuari[oa]|cliente)|a quien corresponda',
  ),
  guidance: {
    reason: {
      pattern: whole(
        'porque|error|fallo nuestro|hemos|supimos|habían? pedido|habías pedido|por qué (?:recibe|recibes|ha recibido)|(?:recibe|recibes|ha recibido|has recibido) este|motivo|pidió|pidieron|ha pedido|han pedido|solicitó|ha solicitado|han solicitado|solicitud|petición|inició sesión|ha iniciado sesión|han iniciado sesión|inicio de sesión|se (?:ha|han|cambió|cambiaron|añadió|añadieron|quitó|eliminó|copió|usó|envió|restableció)|hemos (?:cambiado|añadido|enviado|sabido|visto|hecho)',
      ),
      say: 'Recibe este mensaje porque alguien ha pedido una contraseña nueva para su cuenta.',
    },
    time: {
      pattern: whole(
        'hoy|ayer|anoche|ahora mismo|hace (?:\\d{1,3}|un|una|unos|pocos|dos|tres) (?:minutos?|horas?|días?)|mediodía|medianoche',
      ),
      say: 'Cuándo: 24 de noviembre de 2026, 10:30 (UTC).',
    },
    place: {
      pattern: whole(
        'cerca|lugar|ubicación|dónde|donde|país|ciudad|dirección ip|red|desde (?:un|una|el|la|su|tu) (?:\\p{L}+ )?(?:aplicación|app|navegador|ordenador|computadora|dispositivo|teléfono|tableta|móvil|celular)',
      ),
      say: 'Dónde: cerca de Berlín (Alemania), con Firefox en Linux.',
    },
    notYou: {
      pattern: whole(
        'si (?:no (?:ha sido|fue|has sido|fuiste|era|eras|lo|la|los|las|se|ha|has|reconoce|reconoces|pidió|pediste|hizo|hiciste|inició|iniciaste|solicitó|cambió|ha hecho)|usted no|tú no|otra persona|esto no|alguien más)|si no,|¿no (?:ha sido|fue|has sido|fuiste)|(?:en caso de|de) no (?:ser|haber sido) (?:usted|tú)|no (?:reconoce|reconoces)',
      ),
      say: 'Si no ha sido usted: abra la aplicación, elija «Seguridad» y cierre todas las sesiones. Su contraseña sigue sirviendo.',
    },
    withoutLink: {
      pattern: whole(
        '(?:abra|abre|use|usa|utilice|utiliza|desde|en) (?:la|nuestra|su|tu) (?:aplicación|app)|(?:escriba|escribe|teclee|teclea|introduzca|introduce)[^.!?\\n]{0,80}(?<!\\p{L})(?:dirección|navegador|código|[\\w-]+\\.[\\w.-]+)|sin (?:usar |seguir |abrir )?(?:el|este|ningún) enlace|en (?:vez|lugar) (?:de (?:usar |seguir )?el|del) enlace|no (?:necesita|necesitas|hace falta) (?:usar |ningún )?(?:el )?enlace|como (?:siempre|de costumbre)|en los ajustes de (?:su|tu) cuenta',
      ),
      say: 'Sin el enlace: abra la aplicación o escriba example.org en su navegador, y elija «Seguridad».',
    },
  },
  asksForSecret: whole(
    `(?:env[íi]e(?:nos)?|env[íi]a(?:nos)?|envíenos|envíanos|díganos|dinos|d[ée]nos|danos|facilite(?:nos)?|facilita(?:nos)?|indique(?:nos)?|indica(?:nos)?|proporcione(?:nos)?|responda con|responde con|confirme|confirma|verifique|verifica) (?:por correo )?(?:su |tu |sus |tus |la |el |los |este |esta )?(?:actual |nueva |antigua )*${secret}`,
  ),
  negation: whole('nunca|jamás|no|nadie|ningún|ninguna|sin|ni|tampoco'),
  passwordIs: /(?<![\p{L}\p{N}])(?:contraseña|clave)(?: es ?:?| ?:| ?=)\s*(\S{6,64})/iu,
  test: whole(
    '(?:esto es (?:solo |sólo )?una prueba|(?:mensaje|correo) de prueba|plantilla de prueba|por favor,? ignore(?: este mensaje)?|texto de (?:ejemplo|muestra|relleno)|su texto aquí|tu texto aquí)',
  ),
  unsubscribe: whole('darse de baja|date de baja|dese de baja|cancelar (?:la |su |tu )?suscripción|dejar de recibir'),
  frequent: 'el la los las de que y en su un una es no por con para se del al ha si este esta lo más como'.split(' '),
}
