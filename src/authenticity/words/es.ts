import type { Words } from './words.ts'

const typeIt = 'Abra nuestro sitio escribiendo usted mismo la dirección en el navegador.'

export const es: Words = {
  asked: {
    title: 'Este correo es nuestro y usted lo pidió',
    advice:
      'Se envió a la dirección que usted indicó o que figura en la línea «Para». Si no es la suya, no iba dirigido a usted: no lo use. Si lo es: se pidió desde un dispositivo que consta como suyo, o usted mismo lo confirmó. Puede usarlo. No dé a nadie el enlace ni el número que contiene: nosotros nunca se lo pediremos.',
  },
  unconfirmed: {
    request: {
      title: 'Este correo es nuestro; solo usted sabe si lo pidió',
      advice:
        'Se envió a la dirección que usted indicó o que figura en la línea «Para»; si no es la suya, no lo use. Alguien lo pidió desde un dispositivo o lugar que no conocemos. Si fue usted, puede usarlo. Si no, no le haga caso: sin este correo nadie puede avanzar. No dé a nadie el enlace ni el número que contiene.',
    },
    unrecorded: {
      title: 'Este correo es nuestro; no nos consta quién lo pidió',
      advice: `Es auténtico y se envió a la dirección que usted indicó o que figura en la línea «Para»; si no es la suya, no lo use. Si lo pidió o lo esperaba, puede usarlo. Si no, no use el enlace ni el número que contiene; para revisar su cuenta: ${typeIt} No dé a nadie el enlace ni el número.`,
    },
    event: {
      title: 'Este correo es nuestro',
      advice: `Se envió a la dirección que usted indicó o que figura en la línea «Para»; si no es la suya, no lo use. Enviamos estos correos por nuestra cuenta cuando ocurre algo en una cuenta; nadie tiene que pedirlos. Si fue usted, no tiene que hacer nada. Si no, haga esto ahora: ${typeIt} Inicie sesión allí y cambie su contraseña.`,
    },
    campaign: {
      title: 'Este correo es nuestro',
      advice: `Lo enviamos a la dirección que usted indicó o que figura en la línea «Para», y a otras, sin que nadie lo pidiera; si esa dirección no es la suya, no lo use. Si quiere hacer lo que dice, hay tiempo. ${typeIt}`,
    },
  },
  'not-asked': {
    title: 'Este correo es nuestro, pero usted no lo pidió',
    advice: `Lo pidió otra persona, o se nos avisó de que no se había pedido. No le haga caso y no use sus enlaces ni sus números. Si le preocupa su cuenta: ${typeIt}`,
  },
  'sent-in-error': {
    title: 'Enviamos este correo por error',
    advice:
      'El correo es nuestro, y el error también: no debería haberle llegado. No le haga caso y no use sus enlaces ni sus números. No tiene que hacer nada por él. Lo sentimos.',
  },
  altered: {
    title: 'El código es auténtico, pero este correo no es como lo enviamos',
    advice: `No use sus enlaces ni sus números y no lo responda. Si quiere asegurarse sobre su cuenta: ${typeIt}`,
  },
  'not-ours': {
    title: 'Nada en este correo muestra que sea nuestro',
    advice: `No lleva nuestro código ni nuestra firma. No use sus enlaces, no abra sus adjuntos y no lo responda. Si copió solo el texto visible, inténtelo de nuevo con el correo completo como archivo. Si quiere asegurarse sobre su cuenta: ${typeIt}`,
  },
  unknown: {
    title: 'No podemos confirmar este correo',
    advice: `No conocemos ningún correo con este código a esta dirección. Compruebe que ambos estén bien escritos; la dirección debe ser aquella a la que llegó el correo. Si lo están, tenga cuidado: no use sus enlaces. ${typeIt}`,
  },
  reasons: {
    content: 'Lo que dice no es lo que enviamos.',
    added:
      'Se añadió algo a lo que enviamos. Lo hacen las listas de correo y los reenvíos, y también los falsificadores.',
    're-encoded':
      'Se escribió de nuevo por el camino, como hacen algunos sistemas de correo, y ya no se puede comprobar del todo.',
    signature: 'Su firma no es válida.',
    'no-match':
      'Su código y su destinatario no corresponden a ningún correo que hayamos enviado. Puede deberse a un reenvío o a un falsificador.',
    'other-recipient':
      'El correo es nuestro, pero se envió a otra persona y se lo han reenviado. No iba dirigido a usted; así actúa quien quiere engañar.',
    unsigned: 'Dice lo que enviamos, pero no podemos comprobar su firma.',
    'no-code': 'Lleva nuestra firma, pero falta el código que tiene cada uno de nuestros correos.',
    inline: 'Se reenvió dentro de su texto, donde no se puede comprobar. Reenvíelo como archivo adjunto.',
    unreadable: 'No pudimos leerlo como correo. Guarde el correo completo como archivo y elija ese archivo.',
  },
  report: {
    subject: 'Sobre el correo que nos envió',
    intro: 'Gracias por enviarnos el correo. Lo hemos mirado.',
  },
  classes: {
    'password-reset': 'Restablecimiento de contraseña',
    'sign-in-alert': 'Aviso de inicio de sesión',
    'credential-changed': 'Aviso de cambio en el método de acceso',
    'recovery-changed': 'Aviso de cambio en los datos de recuperación',
    'forced-reset': 'Petición de una contraseña nueva',
    'activity-review': 'Petición de revisar su cuenta',
    'breach-notice': 'Aviso de un incidente de seguridad',
    'incident-update': 'Noticias sobre un incidente',
    correction: 'Rectificación',
    other: 'Mensaje',
  },
  page: {
    heading: '¿Es este correo realmente nuestro?',
    intro: 'Recibió un correo que parece nuestro. Compruébelo aquí.',
    teaching:
      'Cada uno de nuestros correos lleva un código que solo nosotros podemos confirmar, y solo junto con la dirección a la que se envió. En caso de duda, no siga ningún enlace de un correo: escriba usted mismo nuestra dirección en el navegador.',
    byCode: 'Comprobar el código',
    code: 'Código del correo',
    codeHint: '12 letras y cifras, por ejemplo 0000‑0000‑0000. Mayúsculas o minúsculas, con o sin guiones.',
    address: 'Su dirección de correo',
    addressHint: 'La dirección a la que llegó el correo.',
    checkCode: 'Comprobar el código',
    byMail: 'O comprobar el correo completo',
    byMailHint: 'Miramos el correo una vez y no lo guardamos. Nada de él se abre ni se carga.',
    file: 'Correo como archivo',
    fileHint: 'En la mayoría de los programas: «Guardar como» o «Descargar mensaje» (.eml).',
    source: 'O su código fuente',
    sourceHint:
      'En la mayoría de los programas: «Mostrar original» o «Ver código fuente». Cópielo todo y péguelo aquí.',
    checkMail: 'Comprobar el correo',
    kind: 'Tipo de correo',
    sent: 'Enviado',
    result: 'Resultado',
    again: 'Comprobar otro correo',
    problem: 'Revise esto, por favor',
    codeMissing: 'Escriba el código que está en el correo.',
    codeMalformed: 'Un código tiene 12 letras y cifras. Mire si falta alguna.',
    addressMissing: 'Escriba la dirección a la que llegó el correo.',
    addressMalformed: 'Escriba una dirección completa, por ejemplo nombre@example.org.',
    mailMissing: 'Elija un archivo o pegue el código fuente del correo.',
    mailTooLarge: 'El correo es demasiado grande para comprobarlo aquí. Compruébelo con su código.',
    unreadable: 'El formulario no llegó completo. Inténtelo de nuevo.',
    busy: 'En este momento se comprueban muchos correos. Inténtelo de nuevo en medio minuto.',
    away: 'Ahora no podemos comprobar correos. Inténtelo de nuevo en un minuto.',
  },
}
