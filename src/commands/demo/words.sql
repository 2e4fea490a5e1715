-- Names of people and organisations. Domains end in .example, which nobody can own.
create function demo.given_names() returns text[] language sql immutable parallel safe as $$ select array[
    'Astrid', 'Samuel', 'Zoë', 'Mateusz', 'Ayşe', 'Chidi', 'Ingrid', 'Léa', 'Yusuf', 'Priya', 'Søren', 'Noémie',
    'Tomás', 'Hanna', 'Kenji', 'Amara', 'Björn', 'Carmen', 'Dmitri', 'Eilidh', 'Farid', 'Giulia', 'Håkon', 'Isla',
    'João', 'Katarzyna', 'Linh', 'Marek', 'Nadia', 'Oskar', 'Paula', 'Rafael', 'Sanna', 'Thandiwe', 'Ulrike',
    'Václav', 'Wanjiru', 'Xavier', 'Yui', 'Zuzana', 'Anselm', 'Beatriz', 'Cillian', 'Dilnoza', 'Emeka', 'Freya'] $$;

create function demo.family_names() returns text[] language sql immutable parallel safe as $$ select array[
    'Lindqvist', 'Okonkwo', 'García', 'Nowak', 'Yılmaz', 'Haugen', 'Dubois', 'Tanaka', 'Sharma', 'Müller', 'Rossi',
    'Kowalczyk', 'Andersen', 'O’Brien', 'van der Meer', 'Silva', 'Petrov', 'Nguyễn', 'Kim', 'Novák', 'Fernández',
    'Jørgensen', 'Abdi', 'Mwangi', 'Weiß', 'Bianchi', 'Järvinen', 'Horváth', 'Popescu', 'Sato', 'Iyer', 'MacLeod',
    'Castelo Branco', 'Lefèvre', 'Ström', 'Żukowski', 'Papadopoulou', 'Haddad', 'Costa', 'Eriksen'] $$;

create function demo.stems() returns text[] language sql immutable parallel safe as $$ select array[
    'Alder', 'Amber', 'Anker', 'Aurora', 'Beacon', 'Birch', 'Blå', 'Borealis', 'Brück', 'Cedar', 'Cobalt', 'Corvid',
    'Delta', 'Drift', 'Ekko', 'Ember', 'Fathom', 'Fjell', 'Foxglove', 'Granit', 'Grün', 'Halcyon', 'Harbour', 'Havn',
    'Heron', 'Hjort', 'Indigo', 'Juniper', 'Kestrel', 'Kite', 'Lantern', 'Linden', 'Løv', 'Lumen', 'Marlow', 'Meridian',
    'Mistral', 'Nimbus', 'Nordvik', 'Oak & Iron', 'Orchard', 'Osprey', 'Pebble', 'Pine', 'Quarry', 'Quill', 'Rook',
    'Saga', 'Sable', 'Sól', 'Sparrow', 'Tamarind', 'Tern', 'Thistle', 'Umbra', 'Vela', 'Verdant', 'Vinter', 'Willow',
    'Zephyr'] $$;

create function demo.trades() returns text[] language sql immutable parallel safe as $$ select array[
    'Analytics', 'Architects', 'Bakery', 'Books', 'Brewing', 'Ceramics', 'Clinic', 'Coffee', 'Consulting', 'Cycles',
    'Dental', 'Energy', 'Events', 'Finance', 'Foods', 'Freight', 'Gardens', 'Health', 'Hotels', 'Insurance', 'Labs',
    'Legal', 'Logistics', 'Marine', 'Media', 'Mobility', 'Optics', 'Outdoor', 'Pharmacy', 'Press', 'Robotics', 'School',
    'Security', 'Solar', 'Studio', 'Textiles', 'Timber', 'Travel', 'Water', 'Works'] $$;

create function demo.cities() returns text[] language sql immutable parallel safe as $$ select array[
    'Oslo', 'Bergen', 'Malmö', 'Göteborg', 'Aarhus', 'København', 'Helsinki', 'Tampere', 'Berlin', 'Köln', 'München',
    'Zürich', 'Wien', 'Praha', 'Kraków', 'Gdańsk', 'Paris', 'Lyon', 'Nîmes', 'Bruxelles', 'Antwerpen', 'Utrecht',
    'Dublin', 'Cork', 'Leeds', 'Bristol', 'Porto', 'Lisboa', 'Bilbao', 'València', 'Torino', 'Trieste', 'Athens',
    'Boston', 'Denver', 'Seattle', 'Austin', 'Toronto', 'Montréal', 'Nairobi', 'Pune', 'Chennai', 'Osaka', 'Busan'] $$;

create function demo.notes() returns text[] language sql immutable parallel safe as $$ select array[
    'Prefers to be called rather than written to; mornings only.', 'Contract renews in March, talks begin in January.',
    'Moved over from their own servers; two integrations still point at the old address.',
    'Asked for invoices in two copies, one to accounting.', 'Pilot for the new onboarding.',
    'Large import planned at the end of the quarter, warn operations.', 'Security review done, report on file.',
    'Works together with Östlund & Partner, who may see the drafts.'] $$;

create function demo.reasons() returns text[] language sql immutable parallel safe as $$ select array[
    'customer asked for it by mail', 'ticket 4411', 'ticket 4502: wrong address on the invoice', 'agreed on the phone',
    'migration to the new region', 'seasonal pause, back in April', 'rebranding', 'typo in the name',
    'end of the campaign', 'requested by the account manager', 'quarterly review', 'security review, finding 7'] $$;

create table demo.names (n bigint primary key, name text, slug text, region text);
insert into demo.names
select row_number() over (), split_part(line, ' | ', 1), split_part(line, ' | ', 2), split_part(line, ' | ', 3)
from unnest(array[
    'Østfold Bygg | ostfold-bygg | eu-north', 'Café Zoë | cafe-zoe | eu-west', '東京ロジスティクス | tokyo-logistics | ap-east',
    'Northwind Traders | northwind | eu-west', 'Harbor & Co | harbor | us-west', 'Lumen Labs | lumen | eu-central',
    'Ångström Instruments | angstrom | eu-north', 'Pivot Health | pivot-health | eu-west',
    'Gebrüder Weißmüller Präzisionswerkzeuge und Feinmechanik Vertriebsgesellschaft mbH & Co. KG | weissmueller | eu-central',
    'شركة النخيل للتجارة | alnakheel | ap-south', 'Kestrel Air | kestrel | ap-south', 'Νησί Ταξίδια | nisi-travel | eu-central',
    'O’Malley’s Bookshop | omalleys | eu-west', 'Quill Publishing | quill | eu-west', 'Студия Север | studio-sever | eu-north',
    'Sable Logistics | sable | us-east', '서울 커피 로스터스 | seoul-coffee | ap-east', 'Blue Yonder GmbH | blue-yonder | eu-central',
    'Çınar Mobilya | cinar-mobilya | eu-central', 'मुंबई मसाला कंपनी | mumbai-masala | ap-south',
    'Fundação para o Desenvolvimento Sustentável das Comunidades Ribeirinhas do Alto Rio Negro | rio-negro | us-east',
    'Nguyễn & Sons Ceramics | nguyen-ceramics | ap-east', 'גן המדע | gan-hamada | eu-central', 'Smålands Skogsägare | skogsagare | eu-north',
    'Acme Robotics | acme | us-east', '上海茶叶贸易 | shanghai-tea | ap-east', 'L’Atelier d’Été | atelier-ete | eu-west',
    'Þingvellir Ferðir | thingvellir | eu-north', 'Kraków Klinika Zdrowia | krakow-klinika | eu-central',
    'ร้านกาแฟดอยช้าง | doi-chang | ap-south', 'Wanjiru Textiles | wanjiru | eu-west', 'Dvořák a synové | dvorak | eu-central',
    'Îles & Océans | iles-oceans | eu-west', 'საქართველოს ღვინო | georgian-wine | eu-central', 'Two | two | us-west',
    'Ñandú Exportaciones | nandu | us-east', 'Հայկական Գորգեր | armenian-rugs | eu-central', 'Ljubljana Čokolada | cokolada | eu-central',
    'Tír na nÓg Outdoors | tir-na-nog | eu-west', 'Vélo & Fils | velo-et-fils | eu-west'
]) line;
