/**
 * Three hundred cities of the world, so that places work before any data is fetched: code (the IATA code of the city or its
 * airport), name, latitude, longitude, population of the urban area in thousands. All figures are rounded; they are for
 * distances and for spreading weight, not for maps of streets.
 */
import type { Place } from './place.ts';

const TABLE = `
AD:alv Andorra_la_Vella 42.51 1.52 80
AE:dxb Dubai 25.20 55.27 3500,auh Abu_Dhabi 24.45 54.38 1500
AF:kbl Kabul 34.53 69.17 4600
AL:tia Tirana 41.33 19.82 800
AM:evn Yerevan 40.18 44.51 1100
AO:lad Luanda -8.84 13.23 8900
AR:bue Buenos_Aires -34.60 -58.38 15400,cor Cordoba -31.42 -64.18 1600,ros Rosario -32.95 -60.64 1500,mdz Mendoza -32.89 -68.83 1100
AT:vie Vienna 48.21 16.37 2000,lnz Linz 48.31 14.29 300
AU:syd Sydney -33.87 151.21 5300,mel Melbourne -37.81 144.96 5100,bne Brisbane -27.47 153.03 2600,per Perth -31.95 115.86 2100,adl Adelaide -34.93 138.60 1400,cbr Canberra -35.28 149.13 460
AZ:bak Baku 40.41 49.87 2400
BA:sjj Sarajevo 43.86 18.41 550
BD:dac Dhaka 23.81 90.41 22500,cgp Chittagong 22.36 91.78 5300
BE:bru Brussels 50.85 4.35 2100,anr Antwerp 51.22 4.40 1050
BF:oua Ouagadougou 12.37 -1.52 3000
BG:sof Sofia 42.70 23.32 1300,var Varna 43.21 27.91 350
BH:bah Manama 26.23 50.59 700
BJ:coo Cotonou 6.37 2.43 1200
BN:bwn Bandar_Seri_Begawan 4.89 114.94 250
BO:lpb La_Paz -16.50 -68.15 1900,vvi Santa_Cruz -17.78 -63.18 1900
BR:sao Sao_Paulo -23.55 -46.63 22400,rio Rio_de_Janeiro -22.91 -43.17 13500,bsb Brasilia -15.79 -47.88 4700,bhz Belo_Horizonte -19.92 -43.94 6100,for Fortaleza -3.73 -38.52 4100,poa Porto_Alegre -30.03 -51.23 4200,cwb Curitiba -25.43 -49.27 3700,rec Recife -8.05 -34.88 4200,ssa Salvador -12.97 -38.50 3900,mao Manaus -3.12 -60.02 2300,cpq Campinas -22.91 -47.06 3300,bel Belem -1.46 -48.50 2300,gyn Goiania -16.69 -49.26 2700
BW:gbe Gaborone -24.65 25.91 270
BY:msq Minsk 53.90 27.57 2000
CA:yyz Toronto 43.65 -79.38 6300,yul Montreal 45.50 -73.57 4300,yvr Vancouver 49.28 -123.12 2600,yyc Calgary 51.05 -114.07 1600,yow Ottawa 45.42 -75.70 1400,ywg Winnipeg 49.90 -97.14 840,yeg Edmonton 53.55 -113.49 1500,yhz Halifax 44.65 -63.58 450,yxe Saskatoon 52.13 -106.67 330
CD:fih Kinshasa -4.32 15.31 16000,fbm Lubumbashi -11.66 27.48 2800
CH:zrh Zurich 47.37 8.54 1400,gva Geneva 46.20 6.14 600,brn Bern 46.95 7.45 420
CI:abj Abidjan 5.35 -4.02 5600
CL:scl Santiago -33.45 -70.67 6900,anf Antofagasta -23.65 -70.40 430,ccp Concepcion -36.83 -73.05 900
CM:dla Douala 4.05 9.70 3900,yao Yaounde 3.87 11.52 4300
CN:bjs Beijing 39.90 116.41 21300,sha Shanghai 31.23 121.47 28500,can Guangzhou 23.13 113.26 14000,szx Shenzhen 22.54 114.06 12900,ctu Chengdu 30.57 104.07 9500,wuh Wuhan 30.59 114.31 8600,hgh Hangzhou 30.27 120.16 8000,xiy Xian 34.34 108.94 8500,ckg Chongqing 29.56 106.55 16800,tsn Tianjin 39.13 117.20 14000,nkg Nanjing 32.06 118.80 9400,tao Qingdao 36.07 120.38 5900,she Shenyang 41.81 123.43 7500,cgo Zhengzhou 34.75 113.63 5800,csx Changsha 28.23 112.94 4900,foc Fuzhou 26.07 119.30 3900,hrb Harbin 45.80 126.53 6500,kmg Kunming 24.88 102.83 4500,urc Urumqi 43.83 87.62 4700
CO:bog Bogota 4.71 -74.07 11300,mde Medellin 6.25 -75.56 4100,clo Cali 3.45 -76.53 2800,baq Barranquilla 10.97 -74.80 2300
CR:sjo San_Jose 9.93 -84.08 1400
CU:hav Havana 23.11 -82.37 2100
CW:cur Willemstad 12.11 -68.93 150
CY:nic Nicosia 35.19 33.38 270,lca Larnaca 34.92 33.63 85
CZ:prg Prague 50.08 14.44 1300,brq Brno 49.20 16.61 400
DE:fra Frankfurt 50.11 8.68 2300,ber Berlin 52.52 13.40 3600,muc Munich 48.14 11.58 1600,ham Hamburg 53.55 9.99 1900,dus Dusseldorf 51.23 6.78 1500,str Stuttgart 48.78 9.18 1400,cgn Cologne 50.94 6.96 1100,nue Nuremberg 49.45 11.08 800,lej Leipzig 51.34 12.37 600
DJ:jib Djibouti 11.59 43.15 600
DK:cph Copenhagen 55.68 12.57 1400,aar Aarhus 56.16 10.20 290
DO:sdq Santo_Domingo 18.49 -69.93 3500
DZ:alg Algiers 36.75 3.06 2900,orn Oran 35.70 -0.63 950
EC:uio Quito -0.18 -78.47 1900,gye Guayaquil -2.19 -79.89 3100
EE:tll Tallinn 59.44 24.75 450
EG:cai Cairo 30.04 31.24 21800,aly Alexandria 31.20 29.92 5500
ES:mad Madrid 40.42 -3.70 6700,bcn Barcelona 41.39 2.17 5600,vlc Valencia 39.47 -0.38 840,svq Seville 37.39 -5.98 1100,bio Bilbao 43.26 -2.93 950
ET:add Addis_Ababa 9.03 38.74 5400
FI:hel Helsinki 60.17 24.94 1300,oul Oulu 65.01 25.47 210
FJ:suv Suva -18.14 178.44 190
FR:par Paris 48.86 2.35 11200,mrs Marseille 43.30 5.37 1600,lys Lyon 45.76 4.84 1700,bod Bordeaux 44.84 -0.58 1000,tls Toulouse 43.60 1.44 1000,lil Lille 50.63 3.06 1100,sxb Strasbourg 48.57 7.75 500,rns Rennes 48.12 -1.68 350
GB:lon London 51.51 -0.13 9600,man Manchester 53.48 -2.24 2800,edi Edinburgh 55.95 -3.19 550,bhx Birmingham 52.49 -1.89 2700,gla Glasgow 55.86 -4.25 1700,lba Leeds 53.80 -1.55 1900,bfs Belfast 54.60 -5.93 640
GE:tbs Tbilisi 41.72 44.79 1100
GH:acc Accra 5.60 -0.19 2700,kms Kumasi 6.69 -1.62 3700
GI:gib Gibraltar 36.14 -5.35 34
GN:cky Conakry 9.64 -13.58 2000
GR:ath Athens 37.98 23.73 3150,skg Thessaloniki 40.64 22.94 810
GT:gua Guatemala_City 14.63 -90.51 3000
GU:gum Hagatna 13.47 144.75 170
HK:hkg Hong_Kong 22.32 114.17 7500
HN:tgu Tegucigalpa 14.07 -87.19 1500
HR:zag Zagreb 45.81 15.98 690
HT:pap Port-au-Prince 18.54 -72.34 2900
HU:bud Budapest 47.50 19.04 1770
ID:jkt Jakarta -6.21 106.85 33500,sub Surabaya -7.26 112.75 3000,mes Medan 3.60 98.67 2400,bdo Bandung -6.92 107.61 2700,upg Makassar -5.15 119.43 1600,dps Denpasar -8.65 115.22 1000
IE:dub Dublin 53.35 -6.26 1270,ork Cork 51.90 -8.47 220
IL:tlv Tel_Aviv 32.09 34.78 4400,hfa Haifa 32.79 34.99 1200
IN:bom Mumbai 19.08 72.88 21300,del Delhi 28.61 77.21 32900,maa Chennai 13.08 80.27 11800,blr Bangalore 12.97 77.59 13600,hyd Hyderabad 17.39 78.49 10800,ccu Kolkata 22.57 88.36 15300,amd Ahmedabad 23.02 72.57 8700,pnq Pune 18.52 73.86 7200,cok Kochi 9.93 76.27 3400,nag Nagpur 21.15 79.09 3000,lko Lucknow 26.85 80.95 3900,jai Jaipur 26.91 75.79 4200,pat Patna 25.59 85.14 2600
IQ:bgw Baghdad 33.31 44.37 7700,ebl Erbil 36.19 44.01 950,bsr Basra 30.51 47.78 1450
IR:thr Tehran 35.69 51.39 9500,mhd Mashhad 36.26 59.62 3400,ifn Isfahan 32.65 51.67 2200
IS:rek Reykjavik 64.15 -21.94 220
IT:mil Milan 45.46 9.19 4900,rom Rome 41.90 12.50 4300,trn Turin 45.07 7.69 1700,nap Naples 40.85 14.27 3100,pmo Palermo 38.12 13.36 850,blq Bologna 44.49 11.34 790
JM:kin Kingston 18.02 -76.80 600
JO:amm Amman 31.95 35.93 2200
JP:tyo Tokyo 35.68 139.69 37300,osa Osaka 34.69 135.50 19000,fuk Fukuoka 33.59 130.40 5500,spk Sapporo 43.06 141.35 2700,ngo Nagoya 35.18 136.91 9500,sdj Sendai 38.27 140.87 2300,oka Okinawa 26.21 127.68 900
KE:nbo Nairobi -1.29 36.82 5300,mba Mombasa -4.04 39.67 1400
KG:fru Bishkek 42.87 74.57 1100
KH:pnh Phnom_Penh 11.56 104.92 2300
KR:sel Seoul 37.57 126.98 25500,pus Busan 35.18 129.08 3500,tae Daegu 35.87 128.60 2300
KW:kwi Kuwait_City 29.38 47.99 3300
KZ:ala Almaty 43.24 76.89 2000,nqz Astana 51.17 71.43 1300
LA:vte Vientiane 17.98 102.63 950
LB:bey Beirut 33.89 35.50 2400
LK:cmb Colombo 6.93 79.86 2400
LT:vno Vilnius 54.69 25.28 590,kun Kaunas 54.90 23.90 300
LU:lux Luxembourg 49.61 6.13 230
LV:rix Riga 56.95 24.11 610
LY:tip Tripoli 32.89 13.19 1200
MA:cas Casablanca 33.57 -7.59 3900,rba Rabat 34.02 -6.84 1900
MD:kiv Chisinau 47.01 28.86 650
MG:tnr Antananarivo -18.88 47.51 3900
MK:skp Skopje 42.00 21.43 550
ML:bko Bamako 12.64 -8.00 2900
MM:rgn Yangon 16.87 96.20 5600,mdl Mandalay 21.98 96.08 1500
MN:uln Ulaanbaatar 47.89 106.91 1600
MO:mfm Macau 22.20 113.55 680
MT:mla Valletta 35.90 14.51 480
MU:mru Port_Louis -20.16 57.50 150
MV:mle Male 4.18 73.51 210
MX:mex Mexico_City 19.43 -99.13 22300,mty Monterrey 25.69 -100.32 5100,gdl Guadalajara 20.66 -103.35 5400,qro Queretaro 20.59 -100.39 1500,tij Tijuana 32.51 -117.04 2300,mid Merida 20.97 -89.59 1300
MY:kul Kuala_Lumpur 3.14 101.69 8600,jhb Johor_Bahru 1.49 103.74 1800,pen Penang 5.41 100.33 2800
MZ:mpm Maputo -25.97 32.57 1800
NA:wdh Windhoek -22.56 17.07 490
NC:nou Noumea -22.27 166.44 180
NE:nim Niamey 13.51 2.11 1400
NG:los Lagos 6.52 3.38 15900,abv Abuja 9.06 7.49 3800,kan Kano 12.00 8.52 4300,phc Port_Harcourt 4.82 7.03 3500
NI:mga Managua 12.11 -86.24 1100
NL:ams Amsterdam 52.37 4.90 2500,rtm Rotterdam 51.92 4.48 1800,grq Groningen 53.22 6.57 240
NO:osl Oslo 59.91 10.75 1090,svg Stavanger 58.97 5.73 230,trd Trondheim 63.43 10.40 195
NP:ktm Kathmandu 27.72 85.32 1600
NZ:akl Auckland -36.85 174.76 1700,wlg Wellington -41.29 174.78 420,chc Christchurch -43.53 172.64 400
OM:mct Muscat 23.59 58.41 1600
PA:pty Panama_City 8.98 -79.52 2000
PE:lim Lima -12.05 -77.04 11200,aqp Arequipa -16.41 -71.54 1100
PF:ppt Papeete -17.54 -149.57 130
PG:pom Port_Moresby -9.44 147.18 410
PH:mnl Manila 14.60 120.98 14700,ceb Cebu 10.32 123.89 3000,dvo Davao 7.07 125.61 1900
PK:khi Karachi 24.86 67.01 17200,lhe Lahore 31.55 74.34 13900,isb Islamabad 33.68 73.05 1200
PL:waw Warsaw 52.23 21.01 3100,krk Krakow 50.06 19.94 1000,poz Poznan 52.41 16.93 850,ktw Katowice 50.26 19.02 2000,gdn Gdansk 54.35 18.65 1000,wro Wroclaw 51.11 17.04 850
PR:sju San_Juan 18.47 -66.11 2000
PS:gza Gaza 31.50 34.47 780
PT:lis Lisbon 38.72 -9.14 2900,opo Porto 41.16 -8.63 1700
PY:asu Asuncion -25.26 -57.58 3500
QA:doh Doha 25.29 51.53 2400
RE:run Saint-Denis -20.88 55.45 200
RO:buh Bucharest 44.43 26.10 1800,clj Cluj-Napoca 46.77 23.62 410,tsr Timisoara 45.75 21.23 350
RS:beg Belgrade 44.79 20.45 1400
RU:mow Moscow 55.76 37.62 17200,led Saint_Petersburg 59.93 30.34 5500,ovb Novosibirsk 55.03 82.92 1700,svx Yekaterinburg 56.84 60.61 1500,vvo Vladivostok 43.12 131.89 630,kzn Kazan 55.79 49.12 1300,rov Rostov-on-Don 47.24 39.70 1100,kuf Samara 53.20 50.15 1250,khv Khabarovsk 48.48 135.08 610,kja Krasnoyarsk 56.01 92.87 1100
RW:kgl Kigali -1.94 30.06 1200
SA:ruh Riyadh 24.71 46.68 7700,jed Jeddah 21.49 39.19 4900,dmm Dammam 26.43 50.10 1300
SD:krt Khartoum 15.50 32.56 6300
SE:sto Stockholm 59.33 18.07 2400,got Gothenburg 57.71 11.97 1000,mma Malmo 55.60 13.00 700,ume Umea 63.83 20.26 130
SG:sin Singapore 1.35 103.82 6000
SI:lju Ljubljana 46.06 14.51 300
SK:bts Bratislava 48.15 17.11 440,ksc Kosice 48.72 21.26 230
SL:fna Freetown 8.47 -13.23 1300
SN:dkr Dakar 14.72 -17.47 3400
SO:mgq Mogadishu 2.05 45.32 2600
SR:pbm Paramaribo 5.85 -55.20 240
SV:sal San_Salvador 13.69 -89.22 1100
SY:dam Damascus 33.51 36.28 2500
TG:lfw Lome 6.13 1.22 1900
TH:bkk Bangkok 13.76 100.50 17600,cnx Chiang_Mai 18.79 98.98 1200,hkt Phuket 7.89 98.40 420
TJ:dyu Dushanbe 38.56 68.79 990
TM:asb Ashgabat 37.96 58.33 900
TN:tun Tunis 36.81 10.18 2500
TR:ist Istanbul 41.01 28.98 15800,esb Ankara 39.93 32.86 5400,izm Izmir 38.42 27.14 3100,ada Adana 37.00 35.32 1800
TT:pos Port_of_Spain 10.65 -61.50 550
TW:tpe Taipei 25.03 121.57 9000,khh Kaohsiung 22.63 120.30 2800,rmq Taichung 24.15 120.67 2800
TZ:dar Dar_es_Salaam -6.79 39.21 7800
UA:iev Kyiv 50.45 30.52 3000,ods Odesa 46.48 30.73 1000,lwo Lviv 49.84 24.03 720,hrk Kharkiv 49.99 36.23 1400,dnk Dnipro 48.46 35.05 970
UG:kla Kampala 0.35 32.58 3800
US:nyc New_York 40.71 -74.01 19800,lax Los_Angeles 34.05 -118.24 12900,chi Chicago 41.88 -87.63 9300,dfw Dallas 32.78 -96.80 8100,was Ashburn 39.04 -77.49 6300,sjc San_Jose 37.34 -121.89 2000,sfo San_Francisco 37.77 -122.42 4600,sea Seattle 47.61 -122.33 4000,mia Miami 25.76 -80.19 6100,atl Atlanta 33.75 -84.39 6300,den Denver 39.74 -104.99 3000,phx Phoenix 33.45 -112.07 5000,iah Houston 29.76 -95.37 7500,bos Boston 42.36 -71.06 4900,msp Minneapolis 44.98 -93.27 3700,slc Salt_Lake_City 40.76 -111.89 1300,las Las_Vegas 36.17 -115.14 2300,mci Kansas_City 39.10 -94.58 2200,stl Saint_Louis 38.63 -90.20 2800,phl Philadelphia 39.95 -75.17 6200,pdx Portland 45.52 -122.68 2500,dtw Detroit 42.33 -83.05 4300,clt Charlotte 35.23 -80.84 2800,tpa Tampa 27.95 -82.46 3300,cmh Columbus 39.96 -83.00 2200,bna Nashville 36.16 -86.78 2100,ind Indianapolis 39.77 -86.16 2100,san San_Diego 32.72 -117.16 3300,pit Pittsburgh 40.44 -80.00 2400,cle Cleveland 41.50 -81.69 2200,buf Buffalo 42.89 -78.88 1150,oma Omaha 41.26 -95.93 980,okc Oklahoma_City 35.47 -97.52 1450,msy New_Orleans 29.95 -90.07 1000,sat San_Antonio 29.42 -98.49 2700,sac Sacramento 38.58 -121.49 2400,hnl Honolulu 21.31 -157.86 1000,anc Anchorage 61.22 -149.90 290,jax Jacksonville 30.33 -81.66 1700,ric Richmond 37.54 -77.44 1350,rdu Raleigh 35.78 -78.64 1500,abq Albuquerque 35.08 -106.65 920,boi Boise 43.62 -116.21 810,mem Memphis 35.15 -90.05 1340
UY:mvd Montevideo -34.90 -56.16 1800
UZ:tas Tashkent 41.30 69.24 2900
VE:ccs Caracas 10.48 -66.90 3000,mar Maracaibo 10.65 -71.65 2300
VN:sgn Ho_Chi_Minh_City 10.82 106.63 9300,han Hanoi 21.03 105.85 8400,dad Da_Nang 16.05 108.21 1200
XK:prn Pristina 42.66 21.17 220
YE:sah Sanaa 15.37 44.19 3300
ZA:jnb Johannesburg -26.20 28.05 10100,cpt Cape_Town -33.92 18.42 4900,dur Durban -29.86 31.02 3200,plz Gqeberha -33.96 25.60 1300
ZM:lun Lusaka -15.39 28.32 3200
ZW:hre Harare -17.83 31.05 1600
`;

/** The cities, in the order of country and table. */
export const CITIES: readonly Place[] = TABLE.trim()
  .split('\n')
  .flatMap((row) =>
    row
      .slice(3)
      .split(',')
      .map((entry): Place => {
        const [code, name, lat, lon, thousands] = entry.split(' ') as [
          string,
          string,
          string,
          string,
          string,
        ];
        return {
          name: name.replaceAll('_', ' '),
          cc: row.slice(0, 2),
          code,
          lat: Number(lat),
          lon: Number(lon),
          population: Number(thousands) * 1000,
        };
      }),
  );
